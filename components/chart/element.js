import { bands, clock, Component, cut, decimals, endOf, exactTime, lossLabel, lossWords, number, Reading, shortTime, Trace } from "glassline";
import uPlot from "uplot";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/losses").Band} Band */
/** @typedef {import("glassline/losses").Loss} Loss */
/** @typedef {import("glassline/watch").Gap} Gap */
/** @typedef {import("glassline/watch").Sample} Sample */

/** Height of the drawing, px; the style reserves the same. */
const HEIGHT = 220;
/** Widest column of marks on the value axis, px. */
const AXIS_MAX = 96;
/** Longer marks are written with a power of ten, in characters. */
const MARK_MAX = 8;
/** Longest unit with the highest mark, in characters; a longer one stands above the drawing only. */
const AXIS_UNIT_MAX = 5;
/** Longest unit above the drawing, in characters. */
const READOUT_UNIT_MAX = 24;
/** Most gaps that are listed below the drawing, the newest. */
const LISTED_MAX = 20;
const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

export default class Chart extends Component {
  /** @type {Trace | undefined} */
  #trace;
  /** @type {uPlot | undefined} */
  #plot;
  /** @type {ResizeObserver | undefined} */
  #resize;
  #wear = () => this.#plot?.redraw(false, true);
  #scheme = matchMedia("(prefers-color-scheme: dark)");
  #reading = new Reading(document.createElement("span"));
  /** The bands of recorded gaps, from left to right. @type {HTMLElement[]} */
  #bands = [];
  /** The band below the pointer, or the one with the focus. @type {HTMLElement | undefined} */
  #pointedAt;

  connected() {
    this.#reading = new Reading(document.createElement("span"), this.settings.digits);
    const buttons = [...this.querySelectorAll("[data-range]")].filter((each) => each instanceof HTMLButtonElement);
    const chosen = buttons.find((each) => each.getAttribute("aria-pressed") === "true") ?? buttons[0];
    this.#trace = new Trace(this, { span: Number(chosen.dataset.range), draw: () => this.#draw() });
    for (const button of buttons) button.addEventListener("click", () => this.#choose(button, buttons));
    const holder = this.part("plot");
    this.#plot = new uPlot(this.#options(holder.clientWidth), [[], [], [], []], holder);
    this.#resize = new ResizeObserver(() => this.#plot?.setSize({ width: holder.clientWidth, height: HEIGHT }));
    this.#resize.observe(holder);
    document.addEventListener("glassline:theme", this.#wear);
    this.#scheme.addEventListener("change", this.#wear);
  }

  disconnected() {
    this.#trace?.stop();
    this.#resize?.disconnect();
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#bands = [];
    this.#pointedAt = undefined;
    document.removeEventListener("glassline:theme", this.#wear);
    this.#scheme.removeEventListener("change", this.#wear);
  }

  /** @param {Sample} sample */
  receive(sample) {
    this.#reading.format(sample.value);
    this.#trace?.take(sample);
  }

  /** @param {Sample} sample */
  receiveLate(sample) {
    this.#trace?.take(sample);
  }

  /** @param {Gap} gap */
  receiveGap(gap) {
    this.#trace?.gap(gap);
  }

  /** @param {Reason} reason */
  changed(reason) {
    this.#trace?.changed(reason);
  }

  /** @param {HTMLButtonElement} chosen @param {HTMLButtonElement[]} buttons */
  #choose(chosen, buttons) {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === chosen));
    if (this.#trace) this.#trace.span = Number(chosen.dataset.range);
  }

  /** Whether the window has nothing to draw. */
  #isEmpty = true;

  #draw() {
    const plot = this.#plot;
    const trace = this.#trace;
    if (!plot || !trace) return;
    const { ts, mean, min, max } = trace.columns;
    const { from, to } = trace.window;
    this.#isEmpty = !ts.some((at) => at >= from);
    plot.batch(() => {
      plot.setData([ts.map((ms) => ms / 1000), max, min, mean], false);
      plot.setScale("x", { min: from / 1000, max: to / 1000 });
    });
    this.dataset.points = String(trace.series.samples);
    this.#showLosses(plot, trace);
    this.#note(trace);
    if (plot.cursor.idx === null || plot.cursor.idx === undefined) this.#readOut(null);
  }

  /** @param {Trace} trace */
  #note(trace) {
    const note = trace.error ? `History cannot be shown: ${trace.error}` : this.#isEmpty && !trace.isLoading ? "Nothing in this time" : "";
    const part = this.part("note");
    if (part.textContent !== note) part.textContent = note;
  }

  /** The bands of recorded gaps, in the drawing and below it in words. @param {uPlot} plot @param {Trace} trace */
  #showLosses(plot, trace) {
    const losses = [...trace.series.losses];
    const { from, to } = trace.window;
    const wanted = bands(losses, { from, to, width: plot.over.clientWidth });
    while (this.#bands.length > wanted.length) this.#bands.pop()?.remove();
    while (this.#bands.length < wanted.length) this.#bands.push(this.#newBand(plot));
    wanted.forEach((band, i) => fillBand(this.#bands[i], band));
    this.#listLosses(losses.filter((loss) => endOf(loss) >= from && loss.from <= to));
  }

  /** @param {uPlot} plot @returns {HTMLElement} */
  #newBand(plot) {
    const band = document.createElement("div");
    band.className = "lost";
    band.tabIndex = 0;
    band.setAttribute("role", "img");
    band.append(document.createElement("span"));
    const show = () => {
      this.#pointedAt = band;
      this.#readOut(null);
    };
    const hide = () => {
      if (this.#pointedAt !== band) return;
      this.#pointedAt = undefined;
      this.#readOut(plot.cursor.idx ?? null);
    };
    for (const type of ["pointerenter", "focus"]) band.addEventListener(type, show);
    for (const type of ["pointerleave", "blur"]) band.addEventListener(type, hide);
    plot.over.append(band);
    return band;
  }

  /** The same for those who do not point at it, the newest first. @param {Loss[]} losses */
  #listLosses(losses) {
    const fold = this.part("losses");
    fold.toggleAttribute("data-empty", losses.length === 0);
    const said = losses.length === 0 ? "" : lossWords(losses);
    const summary = this.part("losses-summary");
    if (summary.textContent !== said) summary.textContent = said;
    const lines = losses.slice(-LISTED_MAX).reverse().map(lossLine);
    const list = this.part("losses-list");
    while (list.children.length > lines.length) list.lastElementChild.remove();
    while (list.children.length < lines.length) list.append(document.createElement("li"));
    lines.forEach((line, i) => {
      if (list.children[i].textContent !== line) list.children[i].textContent = line;
    });
  }

  /**
   * What stands above the drawing: the gap that is pointed at, the row below the cursor, else the newest value.
   * @param {number | null} index
   */
  #readOut(index) {
    const part = this.part("readout");
    if (this.#pointedAt) {
      part.textContent = this.#pointedAt.getAttribute("aria-label") ?? "";
      return;
    }
    const [ts, max, min, mean] = this.#plot?.data ?? [];
    const at = index ?? -1;
    const unit = cut(this.unit, READOUT_UNIT_MAX);
    const value = mean?.[at];
    let said = "";
    if (typeof value === "number" && ts) {
      const spread = max?.[at] === min?.[at] ? "" : ` (${this.#figure(min?.[at])} to ${this.#figure(max?.[at])})`;
      said = `${this.#figure(value)} ${unit}${spread} · ${exactTime(ts[at] * 1000)}`;
    } else if (index === null && typeof this.latest?.value === "number") {
      said = `${this.#figure(this.latest.value)} ${unit}`;
    }
    if (part.textContent !== said) part.textContent = said;
  }

  /** With as many decimals as the channel's own values have. @param {number | null | undefined} value */
  #figure(value) {
    return number(value ?? NaN, this.#reading.digits);
  }

  /** @param {number} width @returns {uPlot.Options} */
  #options(width) {
    const scale = this.#textScale;
    const axis = { stroke: () => this.#colour("--muted"), font: this.#font(), ticks: { show: false }, grid: { stroke: () => (this.#isEmpty ? "transparent" : this.#colour("--line")), width: 1 } };
    return {
      width,
      height: HEIGHT,
      // Room for half of the last time on the right.
      padding: [10, 34 * scale, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      hooks: { setCursor: [(plot) => this.#readOut(plot.cursor.idx ?? null)] },
      scales: { x: { time: true }, y: { range: (_plot, low, high) => spread(low, high) } },
      axes: [
        { ...axis, size: 32 * scale, values: (_plot, splits, _axis, _space, step) => splits.map((at) => timeMark(at, step)) },
        {
          ...axis,
          size: (_plot, values) => Math.min(AXIS_MAX, 18 + 7.2 * Math.max(3, ...(values ?? []).map((each) => each.length))) * scale,
          values: (_plot, splits) => this.#valueMarks(splits),
        },
      ],
      series: [
        {},
        { points: { show: false }, width: 0 },
        { points: { show: false }, width: 0 },
        {
          stroke: () => this.#colour("--accent"),
          width: 1.5,
          // A sample alone between two breaks has no line: it is a dot.
          points: { show: true, size: 4, fill: () => this.#colour("--accent"), filter: (plot, series) => lonely(plot.data[series]) },
        },
      ],
      bands: [{ series: [1, 2], fill: () => this.#colour("--accent-soft") }],
    };
  }

  /** The marks on the value axis; a short unit stands with the highest. @param {number[]} splits */
  #valueMarks(splits) {
    if (this.#isEmpty) return splits.map(() => "");
    const full = splits.map((at) => this.#mark(at, splits));
    const short = full.some((mark) => mark.length > MARK_MAX) ? splits.map(power) : full;
    const shown = new Set(short).size === splits.length ? short : full;
    const unit = this.unit.length <= AXIS_UNIT_MAX ? this.unit : "";
    return shown.map((mark, i) => (i === shown.length - 1 ? `${mark} ${unit}`.trim() : mark));
  }

  /** A mark on the value axis with as many decimals as the steps need. @param {number} at @param {number[]} splits */
  #mark(at, splits) {
    const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
    return number(at, decimals(Number(step.toPrecision(3))));
  }

  /** What a colour variable is in the present theme: a canvas does not understand variables. @param {string} name */
  #colour(name) {
    const ink = this.part("ink");
    ink.style.color = `var(${name})`;
    return getComputedStyle(ink).color;
  }

  #font() {
    return `${12 * this.#textScale}px ${getComputedStyle(this).fontFamily}`;
  }

  /** How much larger than usual the reader's text is. */
  get #textScale() {
    return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  }
}

/** @param {HTMLElement} element @param {Band} band */
function fillBand(element, band) {
  const { style } = element;
  style.left = `${band.left}px`;
  style.width = `${band.width}px`;
  const from = band.losses[0].from;
  const to = Math.max(...band.losses.map(endOf));
  const said = `${lossWords(band.losses)} · ${between(from, to)}`;
  if (element.title !== said) {
    element.title = said;
    element.setAttribute("aria-label", said);
  }
  const label = /** @type {HTMLElement} */ (element.firstElementChild);
  const short = lossLabel(band);
  if (label.textContent !== short) label.textContent = short;
}

/** @param {number} from @param {number} to ms */
function between(from, to) {
  const [begin, end] = [shortTime(from, clock.now()), shortTime(to, clock.now())];
  return begin === end ? begin : `${begin} to ${end}`;
}

/** @param {Loss} loss */
function lossLine(loss) {
  return `${between(loss.from, endOf(loss))}: ${lossWords([loss])}`;
}

/** Room above and below, also for a value that never changes. @param {number | null} low @param {number | null} high @returns {[number, number]} */
function spread(low, high) {
  if (low === null || high === null) return [0, 1];
  const margin = (high - low) * 0.12 || Math.abs(high) * 0.02 || 1;
  return [low - margin, high + margin];
}

/** Indices of values that stand alone. @param {ArrayLike<unknown>} values */
function lonely(values) {
  const found = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null) found.push(i);
  }
  return found;
}

const marks = {
  second: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  minute: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }),
  power: new Intl.NumberFormat(undefined, { notation: "scientific", maximumFractionDigits: 3 }),
  day: new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" }),
};

/** A large number in few characters: 1.25E8. @param {number} at */
function power(at) {
  return at === 0 ? "0" : marks.power.format(at).replace("-", "−");
}

/** A mark on the time axis in the reader's zone; midnight is its day. @param {number} at s @param {number} step s */
function timeMark(at, step) {
  const date = new Date(at * 1000);
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (step >= DAY_S || (isMidnight && step >= HOUR_S)) return marks.day.format(date);
  return (step < 60 ? marks.second : marks.minute).format(date);
}
