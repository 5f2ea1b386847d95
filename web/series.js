/**
 * A channel's values over time as rows to draw: mean with minimum and maximum, breaks where something is missing. Raw points
 * and buckets become the same rows; live samples fold into buckets, so memory is bounded at any rate. A live sample costs the
 * same however many rows there are: late ones wait for the next look and are sorted in together. Pure.
 */

import { endOf } from "glassline/losses";

/** Most rows kept; the oldest give way. Between two tidyings there may be an eighth more. */
export const ROWS_MAX = 20_000;
/** Most recorded gaps kept; the oldest give way. */
export const LOSSES_MAX = 1000;
/** A pause of more than this many usual distances is drawn as a break. */
export const BREAK_AFTER = 10;
/** Without a known rhythm, no shorter pause is, ms. */
export const BREAK_MIN_MS = 10_000;
/** Where the device was seen to be away, a pause of more than this many usual distances is. */
const BREAK_AFTER_AWAY = 2;
/** The usual distance is the median of about this many, spread over all rows. */
const DISTANCES = 256;
/** What is usual at a place is the median of this many distances before it, and after it. */
const NEIGHBOURS = 8;
/** Fewer say nothing. */
const NEIGHBOURS_MIN = 3;
/** A series of fewer rows is kept tidy to the row. */
const SMALL = 1024;
/** Late samples that wait for the next look at the rows; one more and they are sorted in at once. */
const LATE_MAX = 1024;

/** @typedef {import("glassline/history").History} History */
/** @typedef {import("glassline/losses").Loss} Loss */
/** @typedef {{ts: number, min: number, max: number, mean: number, count: number}} Row  ts in ms */
/**
 * Columns of equal length, in order of time (ms). `broken[i]`: the line does not come to row `i` from the one before it.
 * They are the series' own: to be read at once, not kept.
 * @typedef {{ts: number[], min: number[], max: number[], mean: number[], count: number[], broken: boolean[]}} Rows
 */
/**
 * Columns of equal length; `null` in mean, min and max is a break.
 * @typedef {{ts: number[], mean: (number | null)[], min: (number | null)[], max: (number | null)[]}} Columns
 */

export class Series {
  /** @type {Rows} */
  #rows = { ts: [], min: [], max: [], mean: [], count: [], broken: [] };
  /** Late samples that have not been sorted in yet. @type {[ts: number, value: number][]} */
  #late = [];
  /** Times at which something is missing, ms, ascending. @type {number[]} */
  #breaks = [];
  /** Recorded gaps, in the order in which they were learned. @type {Loss[]} */
  #losses = [];
  /** Times at which the device was seen to go, ms, ascending. @type {number[]} */
  #departures = [];
  #width;
  #samples = 0;
  /** What `broken` was last worked out with: the channel's interval, the usual distance, for so many rows; 0: not yet. */
  #known = { every: /** @type {number | undefined} */ (undefined), usual: 0, rows: 0 };

  /** @param {number} width width of a bucket of live samples, ms */
  constructor(width) {
    this.#width = Math.max(1, width);
  }

  /** Time of the newest row, ms. @returns {number | undefined} */
  get end() {
    return this.#rows.ts.at(-1);
  }

  /** How many samples are in it. @returns {number} */
  get samples() {
    return this.#samples + this.#late.length;
  }

  /** The recorded gaps that are not older than the rows. @returns {readonly Loss[]} */
  get losses() {
    return this.#losses;
  }

  /** Replaces everything by what the hub has stored. @param {History} history */
  load(history) {
    const buckets = (history.buckets ?? []).map(([ts, min, max, mean, count]) => ({ ts, min, max, mean, count }));
    const points = (history.points ?? []).flatMap(([ts, value]) => (isNumber(value) ? [single(ts, value)] : []));
    this.#fill([...buckets, ...points].sort((a, b) => a.ts - b.ts).slice(-ROWS_MAX));
    this.#late = [];
    this.#losses = (history.gaps ?? []).map(({ from, to, reason, first = 1, last = 1, after, before }) => {
      return { from: after ?? from, to: before ?? (after === undefined ? to : undefined), at: to, messages: last - first + 1, reason };
    });
    // The line is broken behind the sample before the gap.
    this.#breaks = this.#losses.map((loss) => (loss.to === undefined || loss.to > loss.from ? loss.from + 1 : loss.from)).sort((a, b) => a - b);
  }

  /** Another series with the same rows. @param {number} width width of a bucket of its live samples, ms */
  copy(width = this.#width) {
    this.#sortIn();
    const copy = new Series(width);
    const { ts, min, max, mean, count, broken } = this.#rows;
    copy.#rows = { ts: [...ts], min: [...min], max: [...max], mean: [...mean], count: [...count], broken: [...broken] };
    copy.#breaks = [...this.#breaks];
    copy.#losses = this.#losses.map((loss) => ({ ...loss }));
    copy.#departures = [...this.#departures];
    copy.#samples = this.#samples;
    copy.#known = { ...this.#known };
    return copy;
  }

  /**
   * A live sample. It joins the newest row if it falls into the same bucket.
   * @param {number} ts ms
   * @param {unknown} value
   */
  append(ts, value) {
    this.#closeLoss(ts);
    if (!isNumber(value)) return;
    this.#samples += 1;
    const rows = this.#rows;
    const last = rows.ts.length - 1;
    if (last >= 0 && (ts <= rows.ts[last] || this.#isSameBucket(rows.ts[last], ts))) return fold(rows, last, ts, value);
    const before = rows.ts[last];
    push(rows, single(ts, value));
    // Anew when there are a quarter more: what is usual may have changed.
    if (this.#known.rows * 1.25 < rows.ts.length) this.#known.rows = 0;
    else rows.broken[last + 1] = last >= 0 && this.#isBroken(last + 1, hasOneIn(this.#breaks, before, ts), hasOneIn(this.#departures, before, ts));
    if (rows.ts.length > ROWS_MAX * 1.125) this.#drop(rows.ts.length - ROWS_MAX);
  }

  /** @param {number} last @param {number} ts ms, ms */
  #isSameBucket(last, ts) {
    const lastBreak = Math.max(this.#breaks.at(-1) ?? -Infinity, this.#departures.at(-1) ?? -Infinity);
    return lastBreak <= last && Math.floor(ts / this.#width) === Math.floor(last / this.#width);
  }

  /** A sample that arrives after newer ones: it takes its place among them. @param {number} ts ms @param {unknown} value */
  insert(ts, value) {
    if (!isNumber(value)) return;
    this.#late.push([ts, value]);
    if (this.#late.length >= LATE_MAX) this.#sortIn();
  }

  /** Late samples take their places: in the bucket that they belong to, else as rows of their own. */
  #sortIn() {
    if (this.#late.length === 0) return;
    const rows = rowsOf(this.#rows);
    const late = this.#late.sort(([a], [b]) => a - b);
    this.#late = [];
    /** @type {Row[]} */
    const merged = [];
    let next = 0;
    for (const [ts, value] of late) {
      while (next < rows.length && rows[next].ts <= ts) merged.push(rows[next++]);
      const before = merged.at(-1);
      if (before?.ts === ts) continue;
      const bucket = [before, rows[next]].find((row) => row && row.count > 1 && Math.floor(row.ts / this.#width) === Math.floor(ts / this.#width));
      if (bucket) take(bucket, value);
      else merged.push(single(ts, value));
    }
    this.#fill([...merged, ...rows.slice(next)].slice(-ROWS_MAX));
  }

  /** @param {Row[]} rows */
  #fill(rows) {
    this.#rows = { ts: [], min: [], max: [], mean: [], count: [], broken: [] };
    for (const row of rows) push(this.#rows, row);
    this.#samples = rows.reduce((sum, row) => sum + row.count, 0);
    this.#known.rows = 0;
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

  /** Forgets what is older, once that is worth the work. @param {number} from ms */
  trim(from) {
    const { ts } = this.#rows;
    // One row from before stays, so that the line enters from the edge.
    const old = firstFrom(ts, from) - 1;
    if (old > 0 && (ts.length < SMALL || old * 8 >= ts.length)) this.#drop(old);
    const begin = ts[0] ?? from;
    for (const times of [this.#breaks, this.#departures]) while (times.length > 0 && times[0] < begin) times.shift();
    if (this.#losses.some((loss) => endOf(loss) < from)) this.#losses = this.#losses.filter((loss) => endOf(loss) >= from);
  }

  /** The oldest rows go. @param {number} many */
  #drop(many) {
    for (const column of Object.values(this.#rows)) column.splice(0, many);
    this.#samples = this.#rows.count.reduce((sum, count) => sum + count, 0);
    this.#rows.broken[0] = false;
  }

  /**
   * What to draw.
   * @param {number} [every] the channel's usual interval, ms, where it is known
   * @returns {Rows}
   */
  rows(every) {
    this.#sortIn();
    if (this.#known.rows === 0 || this.#known.every !== every) this.#break(every);
    return this.#rows;
  }

  /**
   * The same with a row of nothing for each break.
   * @param {number} [every] ms
   * @returns {Columns}
   */
  columns(every) {
    const { ts, mean, min, max, broken } = this.rows(every);
    /** @type {Columns} */
    const columns = { ts: [], mean: [], min: [], max: [] };
    for (let i = 0; i < ts.length; i++) {
      if (broken[i]) add(columns, (ts[i - 1] + ts[i]) / 2, null, null, null);
      add(columns, ts[i], mean[i], min[i], max[i]);
    }
    return columns;
  }

  /** Works out where the line breaks. @param {number | undefined} every ms */
  #break(every) {
    const { ts, broken } = this.#rows;
    this.#known = { every, usual: this.#usualDistance(), rows: ts.length };
    const isGap = passing(this.#breaks);
    const isDeparture = passing(this.#departures);
    for (let i = 0; i < ts.length; i++) {
      const [hasGap, wasAway] = [isGap(ts[i]), isDeparture(ts[i])];
      broken[i] = i > 0 && this.#isBroken(i, hasGap, wasAway);
    }
  }

  /** @param {number} i of the row that the line would come to @param {boolean} hasGap @param {boolean} wasAway */
  #isBroken(i, hasGap, wasAway) {
    if (hasGap) return true;
    const { every } = this.#known;
    const distance = this.#rows.ts[i] - this.#rows.ts[i - 1];
    // Most distances are far from being a pause whatever is usual: those need no median.
    const least = Math.max(every ?? 0, every ? this.#width : 0);
    if (distance <= BREAK_AFTER_AWAY * least || (!wasAway && distance <= (every ? BREAK_AFTER * least : BREAK_MIN_MS))) return false;
    const usual = Math.max(least, this.#usualAround(i));
    const pause = every ? BREAK_AFTER * usual : Math.max(BREAK_AFTER * usual, BREAK_MIN_MS);
    return (wasAway && distance > BREAK_AFTER_AWAY * usual) || distance > pause;
  }

  /** What is usual there, ms: a device may have had another pace then. The slower of before and after, where both are known. @param {number} i */
  #usualAround(i) {
    const { ts } = this.#rows;
    const before = [];
    const after = [];
    for (let near = 1; near <= NEIGHBOURS; near++) {
      if (i - 1 - near >= 0) before.push(ts[i - near] - ts[i - 1 - near]);
      if (i + near < ts.length) after.push(ts[i + near] - ts[i + near - 1]);
    }
    const known = [before, after].filter((distances) => distances.length >= NEIGHBOURS_MIN);
    return known.length > 0 ? Math.max(...known.map(median)) : this.#known.usual;
  }

  /** The median of the distances between rows, ms. */
  #usualDistance() {
    const { ts } = this.#rows;
    const step = Math.max(1, Math.floor(ts.length / DISTANCES));
    const distances = [];
    for (let i = 1; i < ts.length; i += step) distances.push(ts[i] - ts[i - 1]);
    return median(distances);
  }
}

/** The first index whose time is not before `at`; the length if there is none. @param {number[]} ts ascending @param {number} at */
export function firstFrom(ts, at) {
  let [low, high] = [0, ts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ts[middle] < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {number[]} distances @returns {number} 0 where there is none */
function median(distances) {
  return distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
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

/** Whether the newest of `times` lies behind `before` and not after `ts`. @param {number[]} times @param {number} before @param {number} ts */
function hasOneIn(times, before, ts) {
  const newest = times.at(-1);
  return newest !== undefined && newest > before && newest <= ts;
}

/** @param {unknown} value @returns {value is number} */
function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** @param {number} ts @param {number} value @returns {Row} */
function single(ts, value) {
  return { ts, min: value, max: value, mean: value, count: 1 };
}

/** @param {Rows} rows @param {Row} row */
function push(rows, row) {
  rows.ts.push(row.ts);
  rows.min.push(row.min);
  rows.max.push(row.max);
  rows.mean.push(row.mean);
  rows.count.push(row.count);
  rows.broken.push(false);
}

/** @param {Rows} rows @returns {Row[]} */
function rowsOf({ ts, min, max, mean, count }) {
  return ts.map((at, i) => ({ ts: at, min: min[i], max: max[i], mean: mean[i], count: count[i] }));
}

/** The row stands at its newest sample, so that a live line ends at now. @param {Rows} rows @param {number} i @param {number} ts @param {number} value */
function fold(rows, i, ts, value) {
  rows.ts[i] = Math.max(rows.ts[i], ts);
  rows.count[i] += 1;
  rows.mean[i] += (value - rows.mean[i]) / rows.count[i];
  rows.min[i] = Math.min(rows.min[i], value);
  rows.max[i] = Math.max(rows.max[i], value);
}

/** @param {Row} row @param {number} value */
function take(row, value) {
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
