/**
 * One channel of a chart: its trace, its unit and axis, what its line looks like, and what is read from it.
 */
import { age, clock, stateOf } from "glassline/age";
import { pointedTime } from "glassline/chart-time";
import { cut, exactTime, number } from "glassline/format";
import { lookOf, MARKS } from "glassline/legend";
import { Reading } from "glassline/reading";
import { extent } from "glassline/strokes";
import { Trace } from "glassline/trace";
import { say } from "glassline/words";

/** Longest unit beside a value, in characters. */
const UNIT_MAX = 24;
/** Half of the size of a mark on a line, px. */
const MARK_PX = 4;

/** @typedef {import("glassline/component").Component} Component */
/** @typedef {import("glassline/legend").Entry} Entry */
/** @typedef {import("glassline/strokes").Window} Window */
/** @typedef {import("glassline/trace").Looked} Looked */

export class Line {
  /** Which axis it belongs to. @type {"left" | "right"} */
  side = "left";
  isShown = true;
  name;
  trace;
  #component;
  #index;
  #reading;

  /**
   * @param {Component} component the chart
   * @param {number} index which of its channels
   * @param {{looked: Looked, points: number, plan: () => void}} of as of a `Trace`
   */
  constructor(component, index, { looked, points, plan }) {
    this.name = component.channels[index];
    this.trace = new Trace(component, { channel: this.name, looked, points, plan });
    this.#component = component;
    this.#index = index;
    this.#reading = new Reading(document.createElement("span"), component.settings.digits);
    this.side = this.#sideNow();
  }

  get #isAlone() {
    return this.#component.channels.length === 1;
  }

  /** What the view gave, else what the device says. @returns {string} */
  get unit() {
    return unitOf(this.#component, this.#index);
  }

  /** The variable of its colour. */
  get colour() {
    return this.#isAlone ? "--accent" : lookOf(this.#index).colour;
  }

  /** The mark that it bears beside others. */
  get outline() {
    return MARKS[lookOf(this.#index).mark];
  }

  /** How it is drawn. Many lines are finer, and bear marks. @param {string} colour `rgb(…)` @param {number} ratio pixels of the canvas for one of the page @returns {import("glassline/strokes").Stroke} */
  stroke(colour, ratio) {
    const band = colour.replace(/^rgb\((.*)\)$/, "rgb($1 / 0.16)").replaceAll(",", "");
    if (this.#isAlone) return { line: colour, band, width: 1.5 * ratio };
    return { line: colour, band, width: ratio, mark: { outline: this.outline, size: MARK_PX * ratio } };
  }

  /** Its lowest and highest value in a window; undefined where it shows nothing. @param {Window} window */
  extent(window) {
    return this.isShown ? extent(this.trace.rows, window) : undefined;
  }

  /** A value that is now: it may need more decimals than those before. @param {unknown} value */
  take(value) {
    this.#reading.format(value);
  }

  /** What is known of units may have changed. */
  settle() {
    this.side = this.#sideNow();
  }

  /** @returns {"left" | "right"} */
  #sideNow() {
    const { channels, settings } = this.#component;
    if (Array.isArray(settings.right)) return settings.right.includes(this.name) ? "right" : "left";
    // The second of two units stands on the right by itself.
    const units = [...new Set(channels.map((_, index) => unitOf(this.#component, index)).filter(Boolean))];
    return units.length === 2 && this.unit === units[1] ? "right" : "left";
  }

  /** Its newest value; of a stretch in the past there is none. @param {boolean} isLive @returns {Entry} */
  newest(isLive) {
    const component = this.#component;
    const latest = component.latestOf(this.name);
    const state = stateOf({ ts: latest?.ts, every: latest?.every, presence: component.dataset.presence, connected: component.hears, now: clock.now() });
    if (!isLive || typeof latest?.value !== "number") return { value: "", age: "", state: isLive ? state : "held", title: "" };
    const value = this.#withUnit(this.#reading.format(latest.value));
    return { value, age: state === "fresh" ? "" : age(latest.ts, clock.now()), state, title: exactTime(latest.ts) };
  }

  /** What it has at a row. @param {number | undefined} row @returns {Entry} */
  read(row) {
    if (row === undefined) return { value: "–", age: "", state: "held", title: "" };
    const { ts, mean, min, max } = this.trace.rows;
    const figure = (/** @type {number} */ value) => number(value, this.#reading.digits);
    const spread = min[row] === max[row] ? "" : ` (${say("chart.spread", { low: figure(min[row]), high: figure(max[row]) })})`;
    return { value: this.#withUnit(figure(mean[row])) + spread, age: "", state: "held", title: exactTime(ts[row]), at: pointedTime(ts[row], clock.now()) };
  }

  /** @param {string} figure */
  #withUnit(figure) {
    return `${figure} ${cut(this.unit, UNIT_MAX)}`.trim();
  }
}

/** The unit of one of a chart's channels. @param {Component} component @param {number} index */
function unitOf(component, index) {
  const { channels, settings } = component;
  if (channels.length === 1) return component.unit;
  const given = Array.isArray(settings.units) ? settings.units[index] : undefined;
  return String(given ?? component.describeOf(channels[index]).unit ?? "");
}

/** The units on an axis. @param {Line[]} lines @param {"left" | "right"} side */
export function unitsOn(lines, side) {
  const units = new Set(lines.filter((line) => line.side === side).map(({ unit }) => unit).filter(Boolean));
  return cut([...units].join(", "), UNIT_MAX);
}
