/**
 * What a person reads about a command: its state in a word, its reason, who asked. Pure.
 */
import { isUnderWay } from "glassline/watch";

/** @typedef {import("glassline/watch").Receipt} Receipt */

/** How long a settled receipt is shown at full strength, ms; then it fades and stays readable. */
export const BRIGHT_MS = 8_000;
/** When a faded `done` leaves, ms after it was settled. What went wrong stays until the next command. */
export const DONE_MS = 60_000;

/** @type {Record<string, string>} */
const WORDS = {
  asked: "Asking", accepted: "Accepted", queued: "Queued", sent: "Sent", done: "Done", failed: "Failed", refused: "Refused",
  expired: "Expired", cancelled: "Cancelled", unknown: "Unknown",
};

/** What a state means, where the hub gives no reason. @type {Record<string, string>} */
const MEANINGS = {
  expired: "it was not sent in time and never ran",
  cancelled: "it never ran",
  unknown: "no answer came; it may have run",
};

/** The state as a word. @param {string} state */
export function word(state) {
  return WORDS[state] ?? state;
}

/**
 * The line on the component: `Failed: valve stuck · ada`.
 * @param {Receipt} receipt
 */
export function line(receipt) {
  const reason = receipt.reason ?? MEANINGS[receipt.state];
  const said = reason ? `${word(receipt.state)}: ${reason}` : word(receipt.state);
  return receipt.mine ? said : `${said} · ${receipt.by ?? "another panel"}`;
}

/**
 * Every state it was in with its time, for the tooltip.
 * @param {Receipt} receipt
 */
export function way(receipt) {
  const began = receipt.way[0]?.at ?? 0;
  return receipt.way.map(({ state, at }) => `${word(state)} +${((at - began) / 1000).toFixed(2)} s`).join(" → ");
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
