// Waiting with an end: for a promise, or for something that can only be looked at again and again.

/**
 * How long anything may take that should happen at once, ms. Generous: a busy machine is no failure, and a page that was cut off tries
 * again after up to 15 s.
 */
export const SOON_MS = 30_000;
/** How long to wait between two looks, ms. */
const LOOK_MS = 25;

/**
 * The promise's value, or an error that says what did not happen.
 * @template T
 * @param {string} what
 * @param {Promise<T>} promise
 * @param {number} [within] ms
 * @param {() => string} [seen] what was there instead
 * @returns {Promise<T>}
 */
export async function inTime(what, promise, within = SOON_MS, seen = () => "") {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${within} ms ${seen()}`)), within);
  });
  try {
    return await /** @type {Promise<T>} */ (Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Looks until `look` returns something truthy, and returns that. An error in `look` counts as "not yet".
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} look
 * @param {number} [within] ms
 * @returns {Promise<NonNullable<T>>}
 */
export async function eventually(what, look, within = SOON_MS) {
  const end = Date.now() + within;
  let last;
  for (;;) {
    try {
      const seen = await look();
      if (seen) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what} did not happen within ${within} ms; last seen: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
