/**
 * One channel over a stretch of time: its history first, then what arrives live. While the stretch is held still what lies in
 * it is kept apart, and the live series goes on behind it: going back to live costs nothing and misses nothing.
 */
import { clock } from "glassline/age";
import { fetchHistory, POINTS } from "glassline/history";
import { Series } from "glassline/series";

/** A page that is moved past samples fetches them from history at most this often, ms. */
const CATCH_UP_MS = 10_000;
/** How far the newest sample may be ahead of the hub's clock, ms. */
const AHEAD_MS = 60_000;
/** Most points that the hub gives at once. */
export const HISTORY_POINTS_MAX = 10_000;
/** Live samples kept while history is on its way; with one more it is fetched once more when it has come. */
const MEANWHILE_MAX = 10_000;
/** Of a still stretch this share more is fetched on each side, so that a small move needs no look at history. */
const MARGIN = 0.5;
/** Buckets this many times wider than wanted are too coarse. */
const COARSE = 1.5;

/** @typedef {import("glassline/component").Component} Component */
/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Gap} Gap */
/** @typedef {import("glassline/watch").Sample} Sample */
/**
 * What is looked at. Live: its end is now, and it is always as long.
 * @typedef {{isLive: boolean, span: number, window: {from: number, to: number}}} Looked  ms
 */

/** A stretch of time that ends now, always. @param {number} span ms @returns {Looked} */
export function always(span) {
  return {
    isLive: true,
    span,
    get window() {
      const to = clock.now();
      return { from: to - span, to };
    },
  };
}

/** Calls `draw` with the next frame, once however often it was planned until then. @param {() => void} draw */
export function nextFrame(draw) {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(() => {
      isPlanned = false;
      draw();
    });
  };
}

export class Trace {
  /** What went wrong with the last look at history, for people. @type {string | undefined} */
  error = undefined;
  isLoading = false;
  channel;
  #component;
  #looked;
  #points;
  #plan;
  #live;
  /** What a still stretch shows, how far it reaches and how wide its buckets are (0: they are samples). @type {{series: Series, from: number, to: number, width: number} | undefined} */
  #still = undefined;
  /** Live samples that came while history was on its way. @type {Sample[]} */
  #meanwhile = [];
  /** @type {AbortController | undefined} */
  #request = undefined;
  #loadedAt = -Infinity;
  #liveSpan = 0;
  /** Something was lost, or too much came, while history was on its way. */
  #isOutdated = false;

  /**
   * @param {Component} component whose device it follows
   * @param {object} how
   * @param {string} [how.channel] the component's own if not given
   * @param {Looked} how.looked the stretch of time; when it has changed, `look` is to be called
   * @param {number} [how.points] how many points or buckets a window has at most
   * @param {() => void} how.plan called when there is something new to draw
   */
  constructor(component, { channel = component.channel, looked, points = POINTS, plan }) {
    this.#component = component;
    this.channel = channel;
    this.#looked = looked;
    this.#points = points;
    this.#plan = plan;
    this.#live = new Series(looked.span / points);
  }

  /** What to draw from. */
  get series() {
    return this.#looked.isLive ? this.#live : (this.#still?.series ?? this.#live);
  }

  get window() {
    return this.#looked.window;
  }

  /** The channel's usual interval, ms, where it is known. */
  get every() {
    return this.#component.latestOf(this.channel)?.every;
  }

  /** What to draw. */
  get rows() {
    if (this.#looked.isLive) this.#live.trim(this.window.from);
    return this.series.rows(this.every);
  }

  /** To be called from the component's `changed`. @param {Reason} reason */
  changed(reason) {
    if (reason === "snapshot") this.#loadAll();
    else if (reason === "skipped" && performance.now() - this.#loadedAt > CATCH_UP_MS) this.#loadAll();
    else if (reason === "connection" && this.#loadedAt === -Infinity && this.#component.blocked !== "Connecting") this.load();
    else if (reason === "presence" && this.#component.deviceState?.presence === "offline") this.#live.depart();
    else if (reason === "time") this.#plan();
  }

  /** To be called from the component's `receive` and `receiveLate`, with samples of the channel. @param {Sample} sample */
  take(sample) {
    if (this.#loadedAt === -Infinity) return;
    if (this.isLoading && this.#meanwhile.length >= MEANWHILE_MAX) this.#isOutdated = true;
    else if (this.isLoading) this.#meanwhile.push(sample);
    else this.#add(sample);
    this.#plan();
  }

  /** @param {Sample} sample */
  #add({ ts, value, late }) {
    if (late) this.#live.insert(ts, value);
    else this.#live.append(ts, value);
    const still = this.#still;
    if (still && ts >= still.from && ts < still.to) still.series.insert(ts, value);
  }

  /** To be called from the component's `receiveGap`. @param {Gap} gap */
  gap(gap) {
    if (this.#loadedAt === -Infinity) return;
    // Whether it is in the answer that is on its way nobody knows: it is asked for once more.
    if (this.isLoading) this.#isOutdated = true;
    else this.#live.lose(gap, clock.now());
    this.#plan();
  }

  /** The stretch of time has changed: what it needs is fetched, unless it is there. @param {number} [points] how many its window now has at most */
  look(points = this.#points) {
    this.#points = points;
    if (this.#looked.isLive) {
      this.#still = undefined;
      if (this.#liveSpan !== this.#looked.span) this.load();
      return;
    }
    const { from, to } = this.window;
    const still = this.#still;
    // A part of a bucket at its edge is no reason: what was just held was held some milliseconds before or after.
    const isWithin = still && from >= still.from - still.width && to <= still.to + still.width;
    if (isWithin && still.width <= (COARSE * (to - from)) / this.#points) return;
    this.load();
  }

  /** The stretch is held still: what it shows stays as it is. */
  hold() {
    if (this.#still) return;
    const width = this.#liveSpan / this.#points;
    this.#still = { series: this.#live.copy(), from: clock.now() - this.#liveSpan, to: clock.now(), width };
  }

  /** Something was missed: what is looked at is fetched, and what is live once it is looked at again. */
  #loadAll() {
    if (!this.#looked.isLive) this.#liveSpan = 0;
    this.load();
  }

  /** Fetches the history of what is looked at anew. */
  async load() {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.isLoading = true;
    this.#loadedAt = performance.now();
    try {
      await (this.#looked.isLive ? this.#loadLive(request.signal) : this.#loadStill(request.signal));
      this.error = undefined;
    } catch (error) {
      if (request.signal.aborted) return;
      this.error = error instanceof Error ? error.message : String(error);
    }
    if (request.signal.aborted) return;
    this.isLoading = false;
    const meanwhile = this.#meanwhile;
    this.#meanwhile = [];
    const end = this.#live.end ?? -Infinity;
    // What was committed while the hub looked is in its answer already.
    for (const sample of meanwhile) if (sample.late || sample.ts > end) this.#add(sample);
    this.#plan();
    if (!this.#isOutdated) return;
    this.#isOutdated = false;
    this.#loadAll();
  }

  /** @param {AbortSignal} signal */
  async #loadLive(signal) {
    const { span, window } = this.#looked;
    const history = await this.#history(window.from, window.to + AHEAD_MS, this.#points, signal);
    if (signal.aborted) return;
    // Another length has other buckets; what is drawn until then is the old one.
    if (this.#liveSpan !== span) this.#live = new Series(span / this.#points);
    this.#liveSpan = span;
    this.#live.load(history);
  }

  /** @param {AbortSignal} signal */
  async #loadStill(signal) {
    const { from, to } = this.window;
    const margin = (to - from) * MARGIN;
    const stretch = { from: from - margin, to: to + margin };
    const points = Math.ceil(this.#points * (1 + 2 * MARGIN));
    const history = await this.#history(stretch.from, stretch.to, points, signal);
    if (signal.aborted) return;
    const width = history.buckets ? (stretch.to - stretch.from) / points : 0;
    const series = new Series(width);
    series.load(history);
    this.#still = { series, ...stretch, width };
  }

  /** @param {number} from @param {number} to @param {number} points @param {AbortSignal} signal */
  async #history(from, to, points, signal) {
    const { device, deviceState } = this.#component;
    // A channel that never had a value has no history, and asking for it would be an error.
    if (deviceState && !deviceState.channels.has(this.channel)) return { points: [] };
    return fetchHistory({ device, channel: this.channel, from, to, points: Math.min(points, HISTORY_POINTS_MAX), signal });
  }

  /** The component has left the page. */
  stop() {
    this.#request?.abort();
  }
}
