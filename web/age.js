/**
 * How old a value is, and what may be said about it. Pure but for `clock`, which knows the hub's time.
 */

/** A value is late after this many of its channel's usual intervals. */
export const LATE_AFTER = 2.5;
/** A value is stale after this many. */
export const STALE_AFTER = 10;
/** Network and scheduling may delay a value this long without it being late, in ms. */
export const SLACK_MS = 1500;

/** @typedef {"fresh" | "late" | "stale" | "gone" | "none"} State */

/**
 * @param {object} of
 * @param {number | undefined} of.ts time of the value, ms; undefined: there is none
 * @param {number | undefined} of.every the channel's usual interval, ms, where it is known
 * @param {string | undefined} of.presence the device's
 * @param {boolean} of.connected whether this page hears the hub
 * @param {number} of.now the hub's time, ms
 * @returns {State}
 */
export function stateOf({ ts, every, presence, connected, now }) {
  if (presence === "offline" || presence === "unreachable") return "gone";
  if (ts === undefined) return "none";
  if (!connected) return "stale";
  if (every === undefined || every <= 0) return "fresh";
  const age = now - ts;
  if (age <= every * LATE_AFTER + SLACK_MS) return "fresh";
  if (age <= every * STALE_AFTER + SLACK_MS) return "late";
  return "stale";
}

/** From the best to the worst; what has no value yet says nothing about those that have one. @type {State[]} */
const RANKS = ["none", "fresh", "late", "stale", "gone"];

/**
 * Which of several values of one component tells how far it can be trusted: the one in the worst state, of those the newest.
 * @template {{state: State, ts: number | undefined}} T
 * @param {T[]} all at least one
 * @returns {T}
 */
export function worst(all) {
  return all.reduce((found, each) => {
    const [a, b] = [RANKS.indexOf(found.state), RANKS.indexOf(each.state)];
    return b > a || (b === a && (each.ts ?? 0) > (found.ts ?? 0)) ? each : found;
  });
}

const STEPS = /** @type {const} */ ([
  [60, 1, "s"], [3600, 60, "min"], [86_400, 3600, "h"], [Infinity, 86_400, "d"],
]);

/**
 * A duration in the largest unit that says something: `3 s`, `12 min`, `5 h`, `2 d`.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [, size, unit] = STEPS.find(([below]) => seconds < below) ?? STEPS[3];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/**
 * `now`, or `3 s ago`.
 * @param {number} ts ms
 * @param {number} now ms
 */
export function age(ts, now) {
  return now - ts < 1000 ? "now" : `${duration(now - ts)} ago`;
}

/**
 * Measures how long ago something was. Of two elapsed times the larger one counts: the monotonic clock may stand still while
 * a laptop sleeps and the wall clock may be set back, and nothing must look younger than it is.
 */
export class Stopwatch {
  #wall = Date.now();
  #monotonic = performance.now();

  restart() {
    this.#wall = Date.now();
    this.#monotonic = performance.now();
  }

  /** Since it was made or started again, ms. */
  get ms() {
    return Math.max(Date.now() - this.#wall, performance.now() - this.#monotonic);
  }
}

/** The hub's time as this page knows it: what the hub said last, and what has passed since. */
class Clock {
  #hub = Date.now();
  #since = new Stopwatch();

  /** @param {number} hubTime ms since 1970, from the hub */
  set(hubTime) {
    this.#hub = hubTime;
    this.#since.restart();
  }

  /** @returns {number} ms since 1970 by the hub's clock */
  now() {
    return this.#hub + this.#since.ms;
  }
}

export const clock = new Clock();
