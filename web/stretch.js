/**
 * The stretch of time that a chart shows: live, its end is now; or held still where a reader has zoomed or moved to. Knows how
 * short and how long it may be, and that there is nothing behind now. Pure.
 */

/** The shortest stretch, ms: as many pixels as milliseconds. */
export const SHORTEST_MS = 1000;
/** The longest, ms: ten years. */
export const LONGEST_MS = 10 * 365 * 86_400_000;
/** Factor of one step of zooming in by a key or a button; out is its inverse. */
export const ZOOM_STEP = 0.5;
/** Share of the stretch of one step to the side. */
export const MOVE_STEP = 0.25;

export class Stretch {
  #span;
  #now;
  /** @type {{from: number, to: number} | undefined} */
  #held = undefined;

  /**
   * @param {number} span ms
   * @param {() => number} now ms
   */
  constructor(span, now) {
    this.#span = limited(span);
    this.#now = now;
  }

  get isLive() {
    return this.#held === undefined;
  }

  /** How long it is, ms. */
  get span() {
    return this.#held ? this.#held.to - this.#held.from : this.#span;
  }

  /** @returns {{from: number, to: number}} ms */
  get window() {
    const to = this.#now();
    return this.#held ?? { from: to - this.#span, to };
  }

  /** Its end is now from now on. @param {number} [span] ms; as long as it was before it was held if not given */
  live(span = this.#span) {
    this.#span = limited(span);
    this.#held = undefined;
  }

  /** It stays where it is. */
  hold() {
    this.#held ??= this.window;
  }

  /** It is held still there, as near as may be. @param {number} from ms @param {number} to ms */
  see(from, to) {
    const span = limited(to - from);
    const middle = (from + to) / 2;
    const end = Math.min(middle + span / 2, this.#now());
    this.#held = { from: end - span, to: end };
  }

  /**
   * Longer or shorter by a factor. Without a place a live stretch stays live, and a held one keeps its middle.
   * @param {number} factor
   * @param {number} [at] the time that stays where it is, ms
   */
  zoom(factor, at) {
    if (this.isLive && at === undefined) return this.live(this.#span * factor);
    const { from, to } = this.window;
    const fixed = at ?? (from + to) / 2;
    // At its limits it stays as it is; otherwise it would creep.
    const span = limited((to - from) * factor);
    const share = span / (to - from);
    this.see(fixed - (fixed - from) * share, fixed + (to - fixed) * share);
  }

  /** To the side; where that reaches now, it is live again. @param {number} by ms; negative is earlier */
  move(by) {
    if (by === 0 || (this.isLive && by > 0)) return;
    const { from, to } = this.window;
    if (to + by < this.#now()) return this.see(from + by, to + by);
    this.live(to - from);
  }
}

/** @param {number} span ms */
function limited(span) {
  return Math.min(Math.max(span, SHORTEST_MS), LONGEST_MS);
}
