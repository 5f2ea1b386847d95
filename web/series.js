/**
 * A channel's values over time as columns to draw: mean with minimum and maximum, breaks where something is missing.
 * Raw points and buckets become the same rows; live samples fold into buckets, so memory is bounded at any rate. Pure.
 */

/** Most rows kept; the oldest give way. */
export const ROWS_MAX = 6000;
/** With a known rhythm, a pause of this many intervals is drawn as a break. */
export const BREAK_AFTER = 10;

/** @typedef {import("glassline/history").History} History */
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

  /** Replaces everything by what the hub has stored. @param {History} history */
  load(history) {
    const buckets = (history.buckets ?? []).map(([ts, min, max, mean, count]) => ({ ts, min, max, mean, count }));
    const points = (history.points ?? []).flatMap(([ts, value]) => (isNumber(value) ? [single(ts, value)] : []));
    this.#rows = [...buckets, ...points].sort((a, b) => a.ts - b.ts).slice(-ROWS_MAX);
    this.#breaks = (history.gaps ?? []).map((gap) => gap.to).sort((a, b) => a - b);
  }

  /**
   * A live sample. It joins the newest row if it falls into the same bucket.
   * @param {number} ts ms
   * @param {unknown} value
   */
  append(ts, value) {
    if (!isNumber(value)) return;
    const last = this.#rows.at(-1);
    if (last && (ts <= last.ts || this.#isSameBucket(last, ts))) return fold(last, ts, value);
    this.#rows.push(single(ts, value));
    if (this.#rows.length > ROWS_MAX) this.#rows.shift();
  }

  /** @param {Row} last @param {number} ts */
  #isSameBucket(last, ts) {
    const lastBreak = this.#breaks.at(-1) ?? -Infinity;
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

  /** Something is missing between the newest row and what comes next. */
  breakHere() {
    if (this.end !== undefined) this.#breaks.push(this.end + 1);
  }

  /** Forgets what is older. @param {number} from ms */
  trim(from) {
    // One row from before stays, so that the line enters from the edge.
    const keep = this.#rows.findIndex((row) => row.ts >= from);
    if (keep > 1) this.#rows.splice(0, keep - 1);
    if (keep < 0 && this.#rows.length > 1) this.#rows.splice(0, this.#rows.length - 1);
    while (this.#breaks.length > 0 && this.#breaks[0] < (this.#rows[0]?.ts ?? from)) this.#breaks.shift();
  }

  /**
   * @param {number} [every] the channel's usual interval, ms, where it is known
   * @returns {Columns}
   */
  columns(every) {
    /** @type {Columns} */
    const columns = { ts: [], mean: [], min: [], max: [] };
    const pause = every ? BREAK_AFTER * Math.max(every, this.#width) : Infinity;
    let next = 0;
    let before = -Infinity;
    for (const row of this.#rows) {
      const isGap = next < this.#breaks.length && this.#breaks[next] <= row.ts;
      while (next < this.#breaks.length && this.#breaks[next] <= row.ts) next++;
      if (columns.ts.length > 0 && (isGap || row.ts - before > pause)) add(columns, (before + row.ts) / 2, null, null, null);
      add(columns, row.ts, row.mean, row.min, row.max);
      before = row.ts;
    }
    return columns;
  }
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
