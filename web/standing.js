/**
 * What a tile says about how far it can be trusted or used: a word, its reason, and which icon goes with it. What keeps a
 * tile from working is said in the same words whether it shows or sends. Pure.
 */
import { say } from "glassline/words";

/** @typedef {import("glassline/age").State} State */

/** From this age on, ms, of a value without a rhythm only that it was reported is said, not that it is fresh. */
export const REPORTED_AFTER_MS = 60_000;

/** Why a command cannot be sent to a device of that presence. @param {string} presence @returns {string | undefined} */
export function awayReason(presence) {
  return isAway(presence) ? say(`blocked.${presence}`) : undefined;
}

/** @param {string | undefined} presence @returns {presence is "offline" | "unreachable" | "unknown"} */
function isAway(presence) {
  return presence === "offline" || presence === "unreachable" || presence === "unknown";
}

/**
 * @param {object} of
 * @param {State} of.state
 * @param {string | undefined} of.presence the device's
 * @param {string} of.direction the component's: `output`, `input` or `both`
 * @param {string | undefined} of.blocked why a command cannot be sent
 * @param {boolean} of.hears whether this page hears the hub
 * @param {number | undefined} of.age how old the value is, ms; undefined: there is none
 * @param {boolean} of.isRegular whether it is known how often the value comes
 * @returns {{as: "away" | "reported" | State, word: string, reason: string}} `as` chooses icon and colour
 */
export function standing({ state, presence, direction, blocked, hears, age, isRegular }) {
  if (!hears) return { as: "away", word: say("standing.unheard"), reason: say("blocked.unheard") };
  const isOutput = direction === "output";
  // A control whose commands may wait is of use while its device is away.
  if (isAway(presence) && (isOutput || blocked || presence === "unknown")) {
    return { as: "away", word: say(`standing.${presence}`), reason: say(`blocked.${presence}`) };
  }
  if (!isOutput && blocked) return { as: "none", word: blocked, reason: "" };
  if (direction === "input") return { as: "fresh", word: say("standing.ready"), reason: "" };
  const isOld = age !== undefined && age >= REPORTED_AFTER_MS;
  if (isOld && !isRegular && state !== "gone") return { as: "reported", word: say("standing.reported"), reason: "" };
  return { as: state === "gone" ? "away" : state, word: say(`state.${state}`), reason: "" };
}
