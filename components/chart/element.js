import { clock, Component } from "glassline";
import { Line, unitsOn } from "glassline/chart-line";
import { pointedTime, stretchTime } from "glassline/chart-time";
import { pointAt, shareCrosshair } from "glassline/crosshair";
import { csv, fileName, png, save } from "glassline/export";
import { followKeys, followPointers } from "glassline/gestures";
import { Legend } from "glassline/legend";
import { LossBands } from "glassline/loss-bands";
import { Plot } from "glassline/plot";
import { MOVE_STEP, Stretch, ZOOM_STEP } from "glassline/stretch";
import { drawRows, nearest } from "glassline/strokes";
import { HISTORY_POINTS_MAX, nextFrame } from "glassline/trace";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Gap} Gap */
/** @typedef {import("glassline/watch").Sample} Sample */
/** @typedef {import("glassline/plot").Canvas} Canvas */
/** @typedef {import("glassline/plot").Side} Side */

/** Most channels of one chart: that many strokes can be told apart. */
const CHANNELS_MAX = 10;
/** Fewest points of a channel, however narrow the chart is. */
const POINTS_MIN = 300;
/** History is fetched once a reader has stopped zooming and moving for so long, ms. */
const SETTLED_MS = 120;
/** Where the line is broken, a sample is pointed at from this far, px. */
const NEAR_PX = 24;
/** Out of sight it is drawn this often at most, ms. */
const UNSEEN_MS = 900;
/** What it reads now is said anew this often at most while nobody points at anything, ms: nobody reads faster. */
const SAID_MS = 100;

export default class Chart extends Component {
  /** @type {Line[]} */
  #lines = [];
  /** @type {Stretch} */
  #stretch = new Stretch(0, () => clock.now());
  /** @type {Plot | undefined} */
  #plot;
  /** @type {Legend | undefined} */
  #legend;
  /** @type {LossBands | undefined} */
  #losses;
  #cross = document.createElement("div");
  /** The time below the cross-hair, ms. @type {number | undefined} */
  #at;
  #isSeen = true;
  /** The stretch as it was drawn last, and when, ms. */
  #drawn = { from: 0, to: 1 };
  #drawnAt = -Infinity;
  #saidAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #saying;
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  #plan = nextFrame(() => this.isConnected && this.#draw());
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #next;
  /** Ends listening when the element leaves the page. */
  #leaving = new AbortController();

  connected() {
    this.#leaving = new AbortController();
    const buttons = this.#ranges();
    const chosen = buttons.find((each) => each.getAttribute("aria-pressed") === "true") ?? buttons[1];
    this.#stretch = new Stretch(Number(chosen.dataset.range), () => clock.now());
    this.#lines = this.#makeLines();
    const list = this.find("legend");
    if (list) this.#legend = new Legend(list, (index, isShown) => this.#toggle(index, isShown), this.#leaving.signal);
    this.#cross.className = "cross";
    this.#cross.hidden = true;
    this.#cross.replaceChildren(...this.#lines.map(() => document.createElement("i")));
    this.#makePlot();
    this.#follow(buttons);
    this.#watchPage(this.part("plot"));
    this.#showTools();
  }

  disconnected() {
    for (const { trace } of this.#lines) trace.stop();
    this.#leaving.abort();
    clearTimeout(this.#settling);
    clearTimeout(this.#next);
    clearTimeout(this.#saying);
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  /** @param {Sample} sample */
  receive(sample) {
    const line = this.#lineOf(sample.channel);
    line?.take(sample.value);
    line?.trace.take(sample);
  }

  /** @param {Sample} sample */
  receiveLate(sample) {
    this.#lineOf(sample.channel)?.trace.take(sample);
  }

  /** @param {Gap} gap */
  receiveGap(gap) {
    for (const { trace } of this.#lines) trace.gap(gap);
  }

  /** @param {Reason} reason */
  changed(reason) {
    // A sample of one channel of many is nothing to the others.
    if (reason === "sample") return;
    for (const { trace } of this.#lines) trace.changed(reason);
    if (reason === "begin" || reason === "snapshot" || reason === "describe") this.#showUnits();
  }

  // ---- what it is made of ----------------------------------------------------------------------------------------

  /** @returns {Line[]} */
  #makeLines() {
    const { channels } = this;
    if (channels.length > CHANNELS_MAX) throw new Error(`“channels” has ${channels.length} channels; a chart shows ${CHANNELS_MAX} at most`);
    return channels.map((_, index) => new Line(this, index, { looked: this.#stretch, points: this.#points, plan: this.#plan }));
  }

  /** The drawing, with an axis for each side that has a channel. */
  #makePlot() {
    this.#plot?.destroy();
    const plot = new Plot(this.part("plot"), { hasRight: this.#hasRight, paint: (canvas) => this.#paint(canvas) });
    plot.over.append(this.#cross);
    this.#plot = plot;
    this.#losses = new LossBands(this, plot.over, (said) => this.#readOut(said));
    followPointers(plot.over, this.#chart);
    this.#plan();
  }

  get #hasRight() {
    return this.#lines.some(({ side }) => side === "right");
  }

  /** As many as its drawing has pixels, unless the view says how many. */
  get #points() {
    const { points } = this.settings;
    return Math.round(Math.min(Math.max(points ?? this.part("plot").clientWidth, points ? 10 : POINTS_MIN), HISTORY_POINTS_MAX));
  }

  /** @param {string} channel */
  #lineOf(channel) {
    return this.#lines.find(({ name }) => name === channel);
  }

  #ranges() {
    return [...this.querySelectorAll("[data-range]")].filter((each) => each instanceof HTMLButtonElement);
  }

  // ---- what readers do -------------------------------------------------------------------------------------------

  /** @param {HTMLButtonElement[]} ranges */
  #follow(ranges) {
    const { signal } = this.#leaving;
    for (const button of ranges) button.addEventListener("click", () => this.#steer((stretch) => stretch.live(Number(button.dataset.range))), { signal });
    const toggle = () => this.#steer((stretch) => (stretch.isLive ? stretch.hold() : stretch.live(this.#chosen)));
    this.part("live").addEventListener("click", toggle, { signal });
    const chart = this.#chart;
    followKeys(this.part("pointer"), chart, signal);
    /** @type {Record<string, () => void>} */
    const does = {
      in: () => chart.zoom(ZOOM_STEP),
      out: () => chart.zoom(1 / ZOOM_STEP),
      earlier: () => chart.move(-MOVE_STEP),
      later: () => chart.move(MOVE_STEP),
      csv: () => this.#saveValues(),
      png: () => this.#savePicture(),
    };
    for (const button of this.querySelectorAll("[data-does]")) button.addEventListener("click", () => does[/** @type {HTMLElement} */ (button).dataset.does ?? ""]?.(), { signal });
    this.#closeMenu(this.part("menu"));
  }

  /** What hands can do with it. @type {import("glassline/gestures").Chart} */
  #chart = {
    window: () => this.#stretch.window,
    timeAt: (left) => this.#plot?.timeAt(left) ?? NaN,
    point: (at) => pointAt(at),
    step: (steps) => this.#step(steps),
    jump: (end) => pointAt(end === "first" ? this.#stretch.window.from : this.#stretch.window.to),
    see: (from, to) => this.#steer((stretch) => stretch.see(from, to)),
    moveTo: (from) => this.#steer((stretch) => stretch.move(from - stretch.window.from)),
    zoom: (factor, at) => this.#steer((stretch) => stretch.zoom(factor, at)),
    move: (share) => this.#steer((stretch) => stretch.move(share * stretch.span)),
    live: () => this.#steer((stretch) => stretch.live(this.#chosen)),
  };

  /** The range that was chosen last, ms. */
  #chosen = 0;

  /** The stretch of time becomes another one. @param {(stretch: Stretch) => void} change */
  #steer(change) {
    const stretch = this.#stretch;
    if (stretch.isLive) for (const { trace } of this.#lines) trace.hold();
    change(stretch);
    clearTimeout(this.#settling);
    const look = () => this.#lines.forEach(({ trace }) => trace.look(this.#points));
    if (stretch.isLive) look();
    else this.#settling = setTimeout(look, SETTLED_MS);
    this.#showTools();
    this.#plan();
  }

  /** Which range is shown, and whether it is live. */
  #showTools() {
    const { isLive, span } = this.#stretch;
    if (isLive) this.#chosen = span;
    for (const button of this.#ranges()) button.setAttribute("aria-pressed", String(isLive && Number(button.dataset.range) === span));
    const button = this.part("live");
    button.dataset.is = isLive ? "live" : "held";
    button.title = isLive ? say("chart.pause.title") : say("chart.live.title");
    this.part("live-word").textContent = isLive ? say("chart.pause") : say("chart.live");
    this.dataset.live = String(isLive);
  }

  /** @param {number} index @param {boolean} isShown */
  #toggle(index, isShown) {
    this.#lines[index].isShown = isShown;
    this.#plan();
  }

  /** The cross-hair goes on by samples of the channel that has most; at an end the stretch moves. @param {number} steps */
  #step(steps) {
    const rows = this.#densest?.trace.rows;
    if (!rows || rows.ts.length === 0) return;
    const { from, to } = this.#stretch.window;
    const here = this.#at === undefined ? undefined : nearest(rows, this.#at, Infinity);
    const next = here === undefined ? rows.ts.length - 1 : Math.min(Math.max(here + steps, 0), rows.ts.length - 1);
    const at = rows.ts[next];
    if (at < from) this.#steer((stretch) => stretch.move(-MOVE_STEP * stretch.span));
    else if (at > to) this.#steer((stretch) => stretch.move(MOVE_STEP * stretch.span));
    pointAt(Math.max(at, this.#stretch.window.from));
  }

  /** The menu closes when one goes elsewhere. @param {HTMLDetailsElement} menu */
  #closeMenu(menu) {
    const { signal } = this.#leaving;
    const closes = (/** @type {EventTarget | null} */ target) => {
      if (target instanceof Node && !menu.contains(target)) menu.open = false;
    };
    menu.addEventListener("focusout", (event) => closes(event.relatedTarget), { signal });
    document.addEventListener("pointerdown", (event) => closes(event.target), { signal });
    const escape = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary")?.focus();
    };
    menu.addEventListener("keydown", escape, { signal });
  }

  /** Size, theme, whether it is in view, and the cross-hair of others. @param {HTMLElement} holder */
  #watchPage(holder) {
    const resize = new ResizeObserver(() => {
      this.#plot?.resize();
      this.#plan();
    });
    resize.observe(holder);
    const sight = new IntersectionObserver(([entry]) => {
      this.#isSeen = entry.isIntersecting;
      this.#plan();
    });
    sight.observe(holder);
    const wear = () => {
      this.#plot?.wear();
      this.#plan();
    };
    const { signal } = this.#leaving;
    document.addEventListener("glassline:theme", wear, { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", wear, { signal });
    const share = shareCrosshair((at) => this.#point(at));
    for (const end of [() => resize.disconnect(), () => sight.disconnect(), share]) signal.addEventListener("abort", end);
  }

  // ---- what they see ---------------------------------------------------------------------------------------------

  #draw() {
    const plot = this.#plot;
    if (!plot) return;
    // Whole milliseconds: the marks of the axis stand at them.
    const window = { from: Math.floor(this.#stretch.window.from), to: Math.floor(this.#stretch.window.to) };
    this.#drawn = window;
    const extents = { left: this.#extentOf("left", window), right: this.#extentOf("right", window) };
    const points = String(this.#lines.reduce((sum, { trace }) => sum + trace.series.samples, 0));
    if (this.dataset.points !== points) this.dataset.points = points;
    // Out of sight a now and then is enough: for print, and for whoever scrolls fast.
    if (this.#isSeen || performance.now() - this.#drawnAt > UNSEEN_MS) {
      this.#drawnAt = performance.now();
      plot.show(window, extents);
    }
    this.#losses?.show(this.#densest?.trace.series.losses ?? [], window);
    this.#note(!extents.left && !extents.right);
    if (this.#at !== undefined || performance.now() - this.#saidAt > SAID_MS) this.#point(this.#at);
    else this.#saying ??= setTimeout(() => this.#point(this.#at), SAID_MS);
    this.#drawAgain();
  }

  /** A live line goes on moving by itself, a pixel at a time. */
  #drawAgain() {
    clearTimeout(this.#next);
    const { isLive, span } = this.#stretch;
    const perPixel = span / Math.max(1, this.#plot?.width ?? 1);
    if (!isLive || !this.#isSeen || perPixel > 1000 || this.#still.matches) return;
    this.#next = setTimeout(this.#plan, perPixel);
  }

  /** @param {Side} side @param {{from: number, to: number}} window */
  #extentOf(side, window) {
    const found = this.#lines.flatMap((line) => (line.side === side ? (line.extent(window) ?? []) : []));
    if (found.length === 0) return undefined;
    return { low: Math.min(...found.map(({ low }) => low)), high: Math.max(...found.map(({ high }) => high)) };
  }

  /** @param {Canvas} canvas */
  #paint({ context, left, top, width, height, ratio, y }) {
    const plot = this.#plot;
    if (!plot) return;
    const window = this.#drawn;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    for (const line of this.#lines) {
      if (!line.isShown) continue;
      const frame = { context, window, left, width, y: (/** @type {number} */ value) => y(line.side, value) };
      drawRows(line.trace.rows, frame, line.stroke(plot.colour(line.colour), ratio));
    }
    context.restore();
  }

  /** The line that has most rows: what was lost is known best between its samples. */
  get #densest() {
    return this.#lines.toSorted((a, b) => b.trace.series.samples - a.trace.series.samples)[0];
  }

  /** @param {boolean} isEmpty */
  #note(isEmpty) {
    const error = this.#lines.find(({ trace }) => trace.error)?.trace.error;
    const isLoading = this.#lines.some(({ trace }) => trace.isLoading);
    write(this.part("note"), error ? say("chart.error", { reason: error }) : isEmpty && !isLoading ? say("chart.empty") : "");
    this.toggleAttribute("data-loading", isLoading);
  }

  #showUnits() {
    const hadRight = this.#hasRight;
    for (const line of this.#lines) line.settle();
    if (this.#hasRight !== hadRight) this.#makePlot();
    for (const side of /** @type {Side[]} */ (["left", "right"])) write(this.part(`unit-${side}`), unitsOn(this.#lines, side));
  }

  /** The cross-hair stands at that time, as far as it is in view. @param {number | undefined} at ms */
  #point(at) {
    this.#at = at;
    this.#saidAt = performance.now();
    clearTimeout(this.#saying);
    this.#saying = undefined;
    const plot = this.#plot;
    if (!plot) return;
    const { from, to } = this.#drawn;
    const isHere = at !== undefined && at >= from && at <= to;
    this.#cross.hidden = !isHere;
    const near = ((to - from) / Math.max(1, plot.width)) * NEAR_PX;
    const found = this.#lines.map(({ trace, isShown }) => (isHere && isShown ? nearest(trace.rows, at, near) : undefined));
    if (isHere) this.#placeCross(plot, at, found);
    if (!this.#losses?.isPointedAt) this.#say(isHere ? at : undefined, found);
  }

  /** @param {Plot} plot @param {number} at ms @param {(number | undefined)[]} found indices of rows */
  #placeCross(plot, at, found) {
    // Of one channel the cross-hair stands at the sample that it reads.
    const only = this.#lines.length === 1 && found[0] !== undefined ? this.#lines[0].trace.rows.ts[found[0]] : at;
    const left = plot.left(only);
    this.#cross.style.left = `${left}px`;
    this.#lines.forEach(({ trace, side }, index) => {
      const dot = /** @type {HTMLElement} */ (this.#cross.children[index]);
      const row = found[index];
      dot.hidden = row === undefined;
      if (row === undefined) return;
      dot.style.color = plot.colour(this.#lines[index].colour);
      dot.style.translate = `${plot.left(trace.rows.ts[row]) - left}px ${plot.top(side, trace.rows.mean[row])}px`;
    });
  }

  /** The values there, or now. @param {number | undefined} at ms @param {(number | undefined)[]} found indices of rows */
  #say(at, found) {
    const { isLive } = this.#stretch;
    const window = this.#drawn;
    const entries = this.#lines.map((line, index) => (at === undefined ? line.newest(isLive) : line.read(found[index])));
    entries.forEach((entry, index) => this.#legend?.show(index, entry));
    // Not the one drawn last: of a stretch that was just gone to the picture comes with the next frame.
    const time = at !== undefined ? pointedTime(at, clock.now()) : isLive ? "" : stretchTime(this.#stretch.window, clock.now());
    const [only] = entries;
    const alone = at === undefined && !isLive ? time : at === undefined ? only?.value : only && found[0] !== undefined ? `${only.value} · ${only.at}` : say("chart.nothing", { time });
    const said = this.#legend ? time : (alone ?? "");
    this.#readOut(said);
    const pointer = this.part("pointer");
    const share = at === undefined ? 100 : Math.round(((at - window.from) / (window.to - window.from)) * 100);
    const spoken = this.#legend ? [time, ...entries.map(({ value }, index) => `${this.#legend?.names[index]} ${value || say("chart.none")}`)].filter(Boolean).join(", ") : said;
    if (pointer.getAttribute("aria-valuetext") !== spoken) pointer.setAttribute("aria-valuetext", spoken);
    pointer.setAttribute("aria-valuenow", String(share));
  }

  /** @param {string} said */
  #readOut(said) {
    write(this.part("readout"), said);
  }

  // ---- what they take away ---------------------------------------------------------------------------------------

  #saveValues() {
    const channels = this.#lines.filter(({ isShown }) => isShown).map(({ name, unit, trace }) => ({ name, unit, rows: trace.rows }));
    const text = csv(channels, this.#stretch.window, this.#densest?.trace.series.losses ?? []);
    save(new Blob([text], { type: "text/csv" }), this.#fileName("csv"));
  }

  async #savePicture() {
    const plot = this.#plot;
    if (!plot) return;
    const { from, to } = this.#stretch.window;
    const { canvas, over } = plot;
    const [outer, inner] = [canvas.getBoundingClientRect(), over.getBoundingClientRect()];
    const shown = this.#lines.flatMap((line, index) => {
      const { outline, colour } = line;
      return line.isShown ? [{ name: this.#legend?.names[index] ?? "", colour: plot.colour(colour), outline, value: line.newest(this.#stretch.isLive).value }] : [];
    });
    const picture = await png({
      canvas,
      ratio: canvas.width / outer.width,
      title: this.label,
      time: stretchTime({ from, to }, NaN),
      legend: this.#legend ? shown : [],
      units: { left: unitsOn(this.#lines, "left"), right: unitsOn(this.#lines, "right") },
      over: { left: inner.left - outer.left, top: inner.top - outer.top, width: inner.width, height: inner.height },
      losses: this.#losses?.bands ?? [],
      colour: (name) => plot.colour(name),
      font: (size) => plot.font(size),
    });
    save(picture, this.#fileName("png"));
  }

  /** @param {string} ending */
  #fileName(ending) {
    return fileName([this.device, ...this.#lines.filter(({ isShown }) => isShown).map(({ name }) => name)], this.#stretch.window.to, ending);
  }
}

/** Touches the document only when something differs. @param {HTMLElement} element @param {string} said */
function write(element, said) {
  if (element.textContent !== said) element.textContent = said;
}
