/**
 * A sparkline: a trace drawn into an `<svg class="spark" viewBox="0 0 100 32">` by attributes alone.
 */
import { endOf } from "glassline/losses";
import { always, nextFrame, Trace } from "glassline/trace";

const WIDTH = 100;
const HEIGHT = 32;
/** Room above and below the line, in units of the view box. */
const MARGIN = 3;
/** The shortest time drawn over the whole width, ms. */
const SHORTEST_MS = 30_000;
/** About one point for every two pixels. */
const SPARK_POINTS = 120;

/** @typedef {import("glassline/component").Component} Component */
/** @typedef {import("glassline/losses").Loss} Loss */
/** @typedef {import("glassline/series").Columns} Columns */

export class Spark {
  /**
   * @param {Component} component
   * @param {Element} svg
   * @param {number} minutes length of the window
   */
  constructor(component, svg, minutes) {
    const plan = nextFrame(() => component.isConnected && this.#draw(svg));
    this.trace = new Trace(component, { looked: always(minutes * 60_000), points: SPARK_POINTS, plan });
  }

  /** @param {Element} svg */
  #draw(svg) {
    const { from, to } = this.trace.window;
    this.trace.series.trim(from);
    const columns = this.trace.series.columns(this.trace.every);
    // It has no marks of time: what is younger than the window has the whole width.
    const begin = Math.min(Math.max(from, columns.ts[0] ?? from), to - SHORTEST_MS);
    const { line, band, end } = paths(columns, begin, to);
    setPath(svg, "gap", marks(this.trace.series.losses, begin, to));
    setPath(svg, "line", line);
    setPath(svg, "band", band);
    setPath(svg, "end", end);
  }
}

/**
 * The outlines, as SVG path data.
 * @param {Columns} columns
 * @param {number} from ms
 * @param {number} to ms
 */
export function paths(columns, from, to) {
  const { low, high } = bounds(columns);
  const x = (/** @type {number} */ ts) => round(Math.max(0, Math.min(WIDTH, ((ts - from) / (to - from)) * WIDTH)));
  const y = (/** @type {number} */ value) => round(high === low ? HEIGHT / 2 : HEIGHT - MARGIN - ((value - low) / (high - low)) * (HEIGHT - 2 * MARGIN));
  let line = "";
  let band = "";
  for (const [first, last] of runs(columns.mean)) {
    const upper = [];
    const lower = [];
    for (let i = first; i <= last; i++) {
      // A sample alone is a dot.
      const dot = first === last ? "h0" : "";
      line += `${i === first ? "M" : "L"}${x(columns.ts[i])} ${y(columns.mean[i] ?? 0)}${dot}`;
      upper.push(`${x(columns.ts[i])} ${y(columns.max[i] ?? 0)}`);
      lower.unshift(`${x(columns.ts[i])} ${y(columns.min[i] ?? 0)}`);
    }
    band += `M${upper.join("L")}L${lower.join("L")}Z`;
  }
  const last = columns.ts.length - 1;
  const newest = columns.mean[last];
  const end = newest === null || newest === undefined ? "" : `M${x(columns.ts[last])} ${y(newest)}h0`;
  return { line, band, end };
}

/**
 * A mark from top to bottom for each recorded gap.
 * @param {readonly Loss[]} losses
 * @param {number} from ms
 * @param {number} to ms
 */
export function marks(losses, from, to) {
  const places = losses.map((loss) => (loss.from + endOf(loss)) / 2).filter((at) => at >= from && at <= to);
  const x = new Set(places.map((at) => round(((at - from) / (to - from)) * WIDTH)));
  return [...x].map((at) => `M${at} 0V${HEIGHT}`).join("");
}

/** First and last index of each run without breaks. @param {(number | null)[]} values @returns {[number, number][]} */
function runs(values) {
  /** @type {[number, number][]} */
  const found = [];
  let first = -1;
  for (let i = 0; i <= values.length; i++) {
    const isValue = i < values.length && values[i] !== null;
    if (isValue && first < 0) first = i;
    if (!isValue && first >= 0) {
      found.push([first, i - 1]);
      first = -1;
    }
  }
  return found;
}

/** @param {Columns} columns */
function bounds(columns) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of columns.min) if (value !== null) low = Math.min(low, value);
  for (const value of columns.max) if (value !== null) high = Math.max(high, value);
  return { low, high };
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/** @param {Element} svg @param {string} name @param {string} d */
function setPath(svg, name, d) {
  svg.querySelector(`.${name}`)?.setAttribute("d", d);
}
