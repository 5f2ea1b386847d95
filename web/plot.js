/**
 * The frame of a chart: axes, grid and scales by uPlot, and within them whatever the chart paints. One or two value axes, each
 * with its unit above it.
 */
import { timeMark } from "glassline/chart-time";
import { decimals, number } from "glassline/format";
import uPlot from "uplot";

/** Widest column of marks on a value axis, px. */
const AXIS_MAX = 96;
/** Longer marks are written with a power of ten, in characters. */
const MARK_MAX = 8;
/** Room for a mark on the time axis, px: `10:30:15 PM` and a gap. */
const MARK_ROOM = 84;
/** Room for the units above the drawing, px. */
const UNIT_ROOM = 22;

/** @typedef {import("glassline/strokes").Window} Window */
/** @typedef {"left" | "right"} Side */
/** @typedef {{low: number, high: number} | undefined} Extent  undefined: there is nothing to show */
/**
 * Where one may paint, in pixels of the canvas.
 * @typedef {{context: CanvasRenderingContext2D, left: number, top: number, width: number, height: number, ratio: number, y: (side: Side, value: number) => number}} Canvas
 */

export class Plot {
  #plot;
  #holder;
  /** @type {Record<Side, Extent>} */
  #extents = { left: undefined, right: undefined };
  /** Colours by name, in the present theme. @type {Map<string, string>} */
  #colours = new Map();
  #ink;

  /**
   * @param {HTMLElement} holder it fills this, and follows its size
   * @param {object} of
   * @param {boolean} of.hasRight whether there is an axis on the right
   * @param {(canvas: Canvas) => void} of.paint what is within the axes
   */
  constructor(holder, { hasRight, paint }) {
    this.#holder = holder;
    this.#ink = document.createElement("span");
    this.#ink.hidden = true;
    holder.append(this.#ink);
    this.#plot = new uPlot(this.#options(hasRight, paint), [[]], holder);
  }

  /** The element over the drawing, as large as what is within the axes. */
  get over() {
    return this.#plot.over;
  }

  /** Width of what is within the axes, px. */
  get width() {
    return this.#plot.bbox.width / uPlot.pxRatio;
  }

  get canvas() {
    return this.#plot.ctx.canvas;
  }

  /** Draws anew. @param {Window} window @param {Record<Side, Extent>} extents */
  show(window, extents) {
    this.#extents = extents;
    this.#plot.batch(() => {
      this.#plot.setScale("x", { min: window.from, max: window.to });
      for (const side of /** @type {Side[]} */ (["left", "right"])) {
        if (!(side in this.#plot.scales)) continue;
        const [min, max] = spread(extents[side]);
        this.#plot.setScale(side, { min, max });
      }
    });
  }

  /** Takes the size of its holder. */
  resize() {
    const { clientWidth: width, clientHeight: height } = this.#holder;
    if (width > 0 && height > 0 && (width !== this.#plot.width || height !== this.#plot.height)) this.#plot.setSize({ width, height });
  }

  /** The colours are others now. */
  wear() {
    this.#colours.clear();
    this.#plot.redraw(false, true);
  }

  /** Where a time is, px from the left of `over`. @param {number} ts ms */
  left(ts) {
    return this.#plot.valToPos(ts, "x");
  }

  /** Which time is there. @param {number} left px from the left of `over` */
  timeAt(left) {
    return this.#plot.posToVal(left, "x");
  }

  /** Where a value is, px from the top of `over`. @param {Side} side @param {number} value */
  top(side, value) {
    return this.#plot.valToPos(value, side);
  }

  destroy() {
    this.#plot.destroy();
    this.#ink.remove();
  }

  /** What a colour variable is in the present theme: a canvas does not understand variables. @param {string} name */
  colour(name) {
    const known = this.#colours.get(name);
    if (known) return known;
    this.#ink.style.color = `var(${name})`;
    const colour = getComputedStyle(this.#ink).color;
    this.#colours.set(name, colour);
    return colour;
  }

  /** The font of marks, for a canvas. @param {number} [size] px, for text of usual size */
  font(size = 12) {
    return `${size * this.#textScale}px ${getComputedStyle(this.#holder).fontFamily}`;
  }

  /** How much larger than usual the reader's text is. */
  get #textScale() {
    return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  }

  /** @param {boolean} hasRight @param {(canvas: Canvas) => void} paint @returns {uPlot.Options} */
  #options(hasRight, paint) {
    const scale = this.#textScale;
    const font = this.font();
    const ranged = (/** @type {uPlot} */ _plot, /** @type {number | null} */ min, /** @type {number | null} */ max) => /** @type {[number, number]} */ ([min ?? 0, max ?? 1]);
    return {
      width: this.#holder.clientWidth,
      height: this.#holder.clientHeight,
      ms: 1,
      // Room for half of the last time on the right.
      padding: [UNIT_ROOM * scale, hasRight ? 0 : 34 * scale, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      scales: { x: { time: true, range: ranged }, left: { auto: false, range: ranged }, ...(hasRight ? { right: { auto: false, range: ranged } } : {}) },
      series: [{}],
      axes: [
        {
          ...this.#axis(font, () => this.#extents.left ?? this.#extents.right),
          size: 32 * scale,
          space: MARK_ROOM * scale,
          values: (_plot, splits, _axis, _space, step) => splits.map((at) => timeMark(at, step)),
        },
        this.#valueAxis("left", font, scale),
        ...(hasRight ? [this.#valueAxis("right", font, scale)] : []),
      ],
      hooks: { draw: [(plot) => paint(canvasOf(plot))] },
    };
  }

  /** @param {string} font @param {() => Extent} extent @returns {uPlot.Axis} */
  #axis(font, extent) {
    const stroke = () => (extent() ? this.colour("--line") : "transparent");
    return { stroke: () => this.colour("--muted"), font, ticks: { show: false }, grid: { stroke, width: 1 } };
  }

  /** @param {Side} side @param {string} font @param {number} scale @returns {uPlot.Axis} */
  #valueAxis(side, font, scale) {
    const extent = () => this.#extents[side];
    const axis = this.#axis(font, extent);
    return {
      ...axis,
      scale: side,
      side: side === "left" ? 3 : 1,
      grid: { ...axis.grid, show: side === "left" },
      size: (_plot, values) => Math.min(AXIS_MAX, 18 + 7.2 * Math.max(3, ...(values ?? []).map((each) => each.length))) * scale,
      values: (_plot, splits) => (extent() ? valueMarks(splits) : splits.map(() => "")),
    };
  }
}

/** @param {uPlot} plot @returns {Canvas} */
function canvasOf(plot) {
  const { left, top, width, height } = plot.bbox;
  return { context: plot.ctx, left, top, width, height, ratio: uPlot.pxRatio, y: (side, value) => plot.valToPos(value, side, true) };
}

/** Room above and below, also for a value that never changes. @param {Extent} extent @returns {[number, number]} */
function spread(extent) {
  if (!extent) return [0, 1];
  const { low, high } = extent;
  const margin = (high - low) * 0.12 || Math.abs(high) * 0.02 || 1;
  return [low - margin, high + margin];
}

/** The marks on a value axis. @param {number[]} splits */
function valueMarks(splits) {
  const full = splits.map((at) => valueMark(at, splits));
  const short = full.some((mark) => mark.length > MARK_MAX) ? splits.map(power) : full;
  return new Set(short).size === splits.length ? short : full;
}

/** With as many decimals as the steps need. @param {number} at @param {number[]} splits */
function valueMark(at, splits) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  return number(at, decimals(Number(step.toPrecision(3))));
}

const powers = new Intl.NumberFormat(undefined, { notation: "scientific", maximumFractionDigits: 3 });

/** A large number in few characters: 1.25E8. @param {number} at */
function power(at) {
  return at === 0 ? "0" : powers.format(at).replace("-", "−");
}
