/**
 * A moving window over one channel: its history first, then what arrives live, redrawn at most once per frame.
 */
import { clock } from "glassline/age";
import { fetchHistory, POINTS } from "glassline/history";
import { Series } from "glassline/series";

/** A page that is moved past samples fetches them from history at most this often, ms. */
const CATCH_UP_MS = 10_000;
/** How far the newest sample may be ahead of the hub's clock, ms. */
const AHEAD_MS = 60_000;

/** @typedef {import("glassline/component").Component} Component */
/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Gap} Gap */
/** @typedef {import("glassline/watch").Sample} Sample */

export class Trace {
  /** What went wrong with the last look at history, for people. @type {string | undefined} */
  error = undefined;
  isLoading = false;
  series;
  #component;
  #span;
  #points;
  #draw;
  /** Live samples that came while history was on its way. @type {Sample[]} */
  #meanwhile = [];
  /** @type {AbortController | undefined} */
  #request = undefined;
  #loadedAt = -Infinity;
  #isDrawPlanned = false;
  /** Something was lost while history was on its way. */
  #isOutdated = false;

  /**
   * @param {Component} component whose device and channel it follows
   * @param {object} how
   * @param {number} how.span length of the window, ms
   * @param {number} [how.points] how many points or buckets it holds at most
   * @param {() => void} how.draw called when there is something new to draw
   */
  constructor(component, { span, points = POINTS, draw }) {
    this.#component = component;
    this.#span = span;
    this.#points = points;
    this.#draw = draw;
    this.series = new Series(span / points);
  }

  get span() {
    return this.#span;
  }

  /** Another window: its history is fetched. @param {number} span ms */
  set span(span) {
    this.#span = span;
    this.series = new Series(span / this.#points);
    this.load();
  }

  /** The window, ms: its end is now. */
  get window() {
    const to = clock.now();
    return { from: to - this.#span, to };
  }

  /** What to draw. */
  get columns() {
    this.series.trim(this.window.from);
    return this.series.columns(this.#component.latest?.every);
  }

  /** To be called from the component's `changed`. @param {Reason} reason */
  changed(reason) {
    if (reason === "snapshot") this.load();
    else if (reason === "skipped" && performance.now() - this.#loadedAt > CATCH_UP_MS) this.load();
    else if (reason === "connection" && this.#loadedAt === -Infinity && this.#component.blocked !== "Connecting") this.load();
    else if (reason === "presence" && this.#component.deviceState?.presence === "offline") this.series.depart();
    else if (reason === "time") this.plan();
  }

  /** To be called from the component's `receive` and `receiveLate`. @param {Sample} sample */
  take(sample) {
    if (this.#loadedAt === -Infinity) return;
    if (this.isLoading) this.#meanwhile.push(sample);
    else if (sample.late) this.series.insert(sample.ts, sample.value);
    else this.series.append(sample.ts, sample.value);
    this.plan();
  }

  /** To be called from the component's `receiveGap`. @param {Gap} gap */
  gap(gap) {
    if (this.#loadedAt === -Infinity) return;
    // Whether it is in the answer that is on its way nobody knows: it is asked for once more.
    if (this.isLoading) this.#isOutdated = true;
    else this.series.lose(gap, clock.now());
    this.plan();
  }

  /** Fetches the window's history anew. */
  async load() {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.isLoading = true;
    this.#loadedAt = performance.now();
    try {
      this.series.load(await this.#history(request.signal));
      this.error = undefined;
    } catch (error) {
      if (request.signal.aborted) return;
      this.error = error instanceof Error ? error.message : String(error);
    }
    if (request.signal.aborted) return;
    this.isLoading = false;
    const meanwhile = this.#meanwhile;
    this.#meanwhile = [];
    const end = this.series.end ?? -Infinity;
    // What was committed while the hub looked is in its answer already.
    for (const sample of meanwhile) if (sample.late || sample.ts > end) this.take(sample);
    this.plan();
    if (!this.#isOutdated) return;
    this.#isOutdated = false;
    this.load();
  }

  /** @param {AbortSignal} signal */
  async #history(signal) {
    const { device, channel, deviceState } = this.#component;
    // A channel that never had a value has no history, and asking for it would be an error.
    if (deviceState && !deviceState.channels.has(channel)) return { points: [] };
    const { from, to } = this.window;
    return fetchHistory({ device, channel, from, to: to + AHEAD_MS, points: this.#points, signal });
  }

  /** Draws with the next frame. */
  plan() {
    if (this.#isDrawPlanned) return;
    this.#isDrawPlanned = true;
    requestAnimationFrame(() => {
      this.#isDrawPlanned = false;
      if (this.#component.isConnected) this.#draw();
    });
  }

  /** The component has left the page. */
  stop() {
    this.#request?.abort();
  }
}
