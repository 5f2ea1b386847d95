// What a conversation waits for: a deadline for each, in monotonic milliseconds.

/** @typedef {"welcome" | "silence" | "progress" | "heartbeat"} Timer */

export class Timers {
  /** @type {Map<Timer, number>} */
  #at = new Map();

  clear() {
    this.#at.clear();
  }

  /** @param {Timer} timer @param {number} at */
  set(timer, at) {
    this.#at.set(timer, at);
  }

  /** @param {Timer} timer */
  stop(timer) {
    this.#at.delete(timer);
  }

  /** @param {Timer} timer */
  isSet(timer) {
    return this.#at.has(timer);
  }

  /** Whether it is due; then it is stopped. @param {Timer} timer @param {number} now */
  takeDue(timer, now) {
    const at = this.#at.get(timer);
    return at !== undefined && at <= now && this.#at.delete(timer);
  }

  /** The earliest. */
  next() {
    return this.#at.size === 0 ? undefined : Math.min(...this.#at.values());
  }
}
