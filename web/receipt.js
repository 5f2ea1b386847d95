/**
 * What a person reads about a command: its state in a word, its reason, who asked. Pure.
 */
import { isUnderWay } from "glassline/watch";
import { say, WORDS } from "glassline/words";

/** @typedef {import("glassline/watch").Receipt} Receipt */

/** How long a settled receipt is shown at full strength, ms; then it fades and stays readable. */
export const BRIGHT_MS = 8_000;
/** When a faded `done` leaves, ms after it was settled. What went wrong stays until the next command. */
export const DONE_MS = 60_000;

/** The state as a word. @param {string} state */
export function word(state) {
  return phrase(`receipt.${state}`) ?? state;
}

/**
 * The line on the component: `Failed: valve stuck · ada`.
 * @param {Receipt} receipt
 * @param {boolean} [hears] whether the page hears what becomes of it
 */
export function line(receipt, hears = true) {
  const reason = receipt.reason ?? meaning(receipt, hears);
  const state = word(receipt.state);
  const said = reason ? say("receipt.line", { state, reason }) : state;
  return receipt.mine ? said : say("receipt.by", { said, who: receipt.by ?? say("receipt.another") });
}

/** What its state means, where the hub gives no reason. @param {Receipt} receipt @param {boolean} hears */
function meaning(receipt, hears) {
  if (isUnderWay(receipt) && !hears) return say("receipt.unheard");
  return receipt.state === "queued" ? say("receipt.waits") : phrase(`receipt.${receipt.state}.means`);
}

/**
 * Every state it was in with its time, for the tooltip.
 * @param {Receipt} receipt
 */
export function way(receipt) {
  const began = receipt.way[0]?.at ?? 0;
  const steps = receipt.way.map(({ state, at }) => say("receipt.step", { state: word(state), seconds: ((at - began) / 1000).toFixed(2) }));
  return steps.join(" → ");
}

/**
 * How a receipt is shown at `now`: at full strength, faded, or no longer.
 * @param {Receipt} receipt
 * @param {number} now ms
 * @returns {"bright" | "faded" | "over"}
 */
export function strength(receipt, now) {
  if (isUnderWay(receipt)) return "bright";
  const settled = now - (receipt.way.at(-1)?.at ?? now);
  if (settled < BRIGHT_MS) return "bright";
  return receipt.state === "done" && settled > DONE_MS ? "over" : "faded";
}

/** The text of that name, if there is one. @param {string} name @returns {string | undefined} */
function phrase(name) {
  return /** @type {Record<string, string>} */ (WORDS)[name];
}
