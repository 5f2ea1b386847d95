/**
 * A channel's values over time as columns to draw: mean with minimum and maximum, breaks where something is missing.
 * Raw points and buckets become the same rows; live samples fold into buckets, so memory is bounded at any rate. Pure.
 */

import { endOf } from "glassline/losses";

/** Most rows kept; the oldest give way. */
export const ROWS_MAX = 6000;
/** Most recorded gaps kept; the oldest give way. */
export const LOSSES_MAX = 1000;
/** A pause of more than this many usual distances is drawn as a break. */
export const BREAK_AFTER = 10;
/** Without a known rhythm, no shorter pause is, ms. */
export const BREAK_MIN_MS = 10_000;
/** Where the device was seen to be away, a pause of more than this many usual distances is. */
const BREAK_AFTER_AWAY = 2;

/** @typedef {import("glassline/history").History} History */
/** @typedef {import("glassline/losses").Loss} Loss */
/** @typedef {{ts: number, min: number, max: number, mean: number, count: number}} Row  ts in ms */
/**
 * Columns of equal length; `null` in mean, min and max is a break.
 * @typedef {{ts: number[], mean: (number | null)[], min: (number | null)[], max: (number | null)[]}} Columns
 */

export class Series {
  /** @type {Row[]} in order of time */
  #rows = [];
  /** Times at which something is missing, ms, ascending. @type {number[]} */
  #breaks = [];
  /** Recorded gaps, in the order in which they were learned. @type {Loss[]} */
  #losses = [];
  /** Times at which the device was seen to go, ms, ascending. @type {number[]} */
  #departures = [];
  #width;

  /** @param {number} width width of a bucket of live samples, ms */
  constructor(width) {
    this.#width = Math.max(1, width);
  }

  /** Time of the newest row, ms. @returns {number | undefined} */
  get end() {
    return this.#rows.at(-1)?.ts;
  }

  /** How many samples are in it. @returns {number} */
  get samples() {
    return this.#rows.reduce((sum, row) => sum + row.count, 0);
  }

  /** The recorded gaps that are not older than the rows. @returns {readonly Loss[]} */
  get losses() {
    return this.#losses;
  }

  /** Replaces everything by what the hub has stored. @param {History} history */
  load(history) {
    const buckets = (history.buckets ?? []).map(([ts, min, max, mean, count]) => ({ ts, min, max, mean, count }));
    const points = (history.points ?? []).flatMap(([ts, value]) => (isNumber(value) ? [single(ts, value)] : []));
    this.#rows = [...buckets, ...points].sort((a, b) => a.ts - b.ts).slice(-ROWS_MAX);
    this.#losses = (history.gaps ?? []).map(({ from, to, reason, first = 1, last = 1, after, before }) => {
      return { from: after ?? from, to: before ?? (after === undefined ? to : undefined), at: to, messages: last - first + 1, reason };
    });
    // The line is broken behind the sample before the gap.
    this.#breaks = this.#losses.map((loss) => (loss.to === undefined || loss.to > loss.from ? loss.from + 1 : loss.from)).sort((a, b) => a - b);
  }

  /**
   * A live sample. It joins the newest row if it falls into the same bucket.
   * @param {number} ts ms
   * @param {unknown} value
   */
  append(ts, value) {
    this.#closeLoss(ts);
    if (!isNumber(value)) return;
    const last = this.#rows.at(-1);
    if (last && (ts <= last.ts || this.#isSameBucket(last, ts))) return fold(last, ts, value);
    this.#rows.push(single(ts, value));
    if (this.#rows.length > ROWS_MAX) this.#rows.shift();
  }

  /** @param {Row} last @param {number} ts */
  #isSameBucket(last, ts) {
    const lastBreak = Math.max(this.#breaks.at(-1) ?? -Infinity, this.#departures.at(-1) ?? -Infinity);
    return lastBreak <= last.ts && Math.floor(ts / this.#width) === Math.floor(last.ts / this.#width);
  }

  /** A sample that arrives after newer ones: it takes its place among them. @param {number} ts ms @param {unknown} value */
  insert(ts, value) {
    if (!isNumber(value)) return;
    const after = this.#rows.findLastIndex((row) => row.ts <= ts);
    if (this.#rows[after]?.ts === ts) return;
    this.#rows.splice(after + 1, 0, single(ts, value));
    if (this.#rows.length > ROWS_MAX) this.#rows.shift();
  }

  /**
   * Messages are missing between the newest row and what comes next.
   * @param {{from: number, to: number, reason: string}} gap
   * @param {number} now when it was learned, ms
   */
  lose(gap, now) {
    const from = this.end ?? now;
    this.#losses.push({ from, to: undefined, at: Math.max(now, from), messages: gap.to - gap.from + 1, reason: gap.reason });
    if (this.#losses.length > LOSSES_MAX) this.#losses.shift();
    if (this.end !== undefined) this.#breaks.push(this.end + 1);
  }

  /** A sample has come after the newest gap. @param {number} ts ms */
  #closeLoss(ts) {
    for (let i = this.#losses.length - 1; i >= 0 && this.#losses[i].to === undefined; i--) {
      if (ts >= this.#losses[i].from) this.#losses[i].to = ts;
    }
  }

  /** The device has gone: if nothing fills the time until it is back, the line breaks here. */
  depart() {
    const at = this.end === undefined ? undefined : this.end + 1;
    if (at !== undefined && this.#departures.at(-1) !== at) this.#departures.push(at);
  }

  /** Forgets what is older. @param {number} from ms */
  trim(from) {
    // One row from before stays, so that the line enters from the edge.
    const keep = this.#rows.findIndex((row) => row.ts >= from);
    if (keep > 1) this.#rows.splice(0, keep - 1);
    if (keep < 0 && this.#rows.length > 1) this.#rows.splice(0, this.#rows.length - 1);
    const begin = this.#rows[0]?.ts ?? from;
    for (const times of [this.#breaks, this.#departures]) while (times.length > 0 && times[0] < begin) times.shift();
    this.#losses = this.#losses.filter((loss) => endOf(loss) >= from);
  }

  /**
   * @param {number} [every] the channel's usual interval, ms, where it is known
   * @returns {Columns}
   */
  columns(every) {
    /** @type {Columns} */
    const columns = { ts: [], mean: [], min: [], max: [] };
    const usual = every ? Math.max(every, this.#width) : this.#usualDistance();
    const pause = every ? BREAK_AFTER * usual : Math.max(BREAK_AFTER * usual, BREAK_MIN_MS);
    const isGap = passing(this.#breaks);
    const isDeparture = passing(this.#departures);
    let before = -Infinity;
    for (const row of this.#rows) {
      const distance = row.ts - before;
      const hasGap = isGap(row.ts);
      const wasAway = isDeparture(row.ts) && distance > BREAK_AFTER_AWAY * usual;
      if (columns.ts.length > 0 && (hasGap || wasAway || distance > pause)) add(columns, (before + row.ts) / 2, null, null, null);
      add(columns, row.ts, row.mean, row.min, row.max);
      before = row.ts;
    }
    return columns;
  }

  /** The median of the distances between rows, ms. */
  #usualDistance() {
    const distances = this.#rows.slice(1).map((row, i) => row.ts - this.#rows[i].ts).sort((a, b) => a - b);
    return distances[Math.floor(distances.length / 2)] ?? 0;
  }
}

/** Whether one of `times` was passed since the last call; for times asked in order. @param {number[]} times */
function passing(times) {
  let next = 0;
  return (/** @type {number} */ ts) => {
    const first = next;
    while (next < times.length && times[next] <= ts) next++;
    return next > first;
  };
}

/** @param {unknown} value @returns {value is number} */
function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** @param {number} ts @param {number} value @returns {Row} */
function single(ts, value) {
  return { ts, min: value, max: value, mean: value, count: 1 };
}

/** The row stands at its newest sample, so that a live line ends at now. @param {Row} row @param {number} ts @param {number} value */
function fold(row, ts, value) {
  row.ts = Math.max(row.ts, ts);
  row.count += 1;
  row.mean += (value - row.mean) / row.count;
  row.min = Math.min(row.min, value);
  row.max = Math.max(row.max, value);
}

/** @param {Columns} columns @param {number} ts @param {number | null} mean @param {number | null} min @param {number | null} max */
function add(columns, ts, mean, min, max) {
  columns.ts.push(ts);
  columns.mean.push(mean);
  columns.min.push(min);
  columns.max.push(max);
}
