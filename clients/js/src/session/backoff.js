// When a device comes back (rule D9): at a random time that grows with every attempt in a row, so that ten thousand devices
// whose hub restarts do not all come back in the same second.

import { HEALTHY_SECONDS, RECONNECT_FIRST_MS, RECONNECT_MS_MAX } from "../limits.js";

/**
 * Milliseconds before attempt `attempt` in a row, from 0: within (0, min(30 s, 0.5 s · 2^attempt)).
 * @param {number} attempt
 * @param {number} random  in [0, 1)
 */
export function reconnectDelay(attempt, random) {
  const ceiling = Math.min(RECONNECT_MS_MAX, RECONNECT_FIRST_MS * 2 ** Math.min(attempt, 32));
  return 1 + Math.floor((ceiling - 1) * random);
}

/** Counts the attempts in a row. */
export class Backoff {
  #attempts = 0;
  /** It came back at once since it was last healthy: a second time that would be a loop. */
  #cameAtOnce = false;
  /** Since when the present connection is welcome. @type {number | undefined} */
  #welcomeSince;

  /** The device was welcomed. @param {number} now  monotonic milliseconds */
  welcomed(now) {
    this.#welcomeSince ??= now;
  }

  /**
   * The connection ended or could not be made. Answers how many milliseconds to wait; nothing where it must not come back.
   * @param {number} now
   * @param {"now" | "later" | "never"} again
   * @param {number} wait  at least so many milliseconds
   * @param {number} random  in [0, 1)
   */
  lost(now, again, wait, random) {
    if (this.#welcomeSince !== undefined && now - this.#welcomeSince >= HEALTHY_SECONDS * 1000) {
      this.#attempts = 0;
      this.#cameAtOnce = false;
    }
    this.#welcomeSince = undefined;
    const atOnce = again === "now" && !this.#cameAtOnce;
    const delay = atOnce ? 0 : reconnectDelay(this.#attempts, random);
    this.#cameAtOnce ||= atOnce;
    if (!atOnce) this.#attempts += 1;
    return again === "never" ? undefined : Math.max(delay, wait);
  }
}
