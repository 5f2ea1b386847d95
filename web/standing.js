/**
 * What a tile says about how far it can be trusted or used: a word, its reason, and which icon goes with it. What keeps a
 * tile from working is said in the same words whether it shows or sends. Pure.
 */

/** @typedef {import("glassline/age").State} State */

/** From this age on, ms, a control without a declared rhythm says only that its value was reported, not that it is fresh. */
export const REPORTED_AFTER_MS = 60_000;

/** @type {Record<State, string>} */
const STATE_WORDS = { fresh: "Fresh", late: "Late", stale: "Stale", gone: "Offline", none: "No value yet" };

/** @type {Record<string, {word: string, reason: string}>} */
const AWAY = {
  offline: { word: "Offline", reason: "Device is offline" },
  unreachable: { word: "Unreachable", reason: "Its gateway is unreachable" },
  unknown: { word: "Device is unknown", reason: "Device is unknown" },
};

/** Why a command cannot be sent to a device of that presence. @param {string} presence */
export function awayReason(presence) {
  return AWAY[presence]?.reason;
}

/**
 * @param {object} of
 * @param {State} of.state
 * @param {string | undefined} of.presence the device's
 * @param {string} of.direction the component's: `output`, `input` or `both`
 * @param {string | undefined} of.blocked why a command cannot be sent
 * @param {boolean} of.hears whether this page hears the hub
 * @param {number | undefined} of.age how old the value is, ms; undefined: there is none
 * @param {boolean} of.isRegular whether the device declares how often the value comes
 * @returns {{as: "away" | "reported" | State, word: string, reason: string}} `as` chooses icon and colour
 */
export function standing({ state, presence, direction, blocked, hears, age, isRegular }) {
  if (!hears) return { as: "away", word: "No connection", reason: "No connection to the hub" };
  const isOutput = direction === "output";
  const away = presence ? AWAY[presence] : undefined;
  // A control whose commands may wait is of use while its device is away.
  if (away && (isOutput || blocked || presence === "unknown")) return { as: "away", ...away };
  if (!isOutput && blocked) return { as: "none", word: blocked, reason: "" };
  if (direction === "input") return { as: "fresh", word: "Ready", reason: "" };
  const isOld = age !== undefined && age >= REPORTED_AFTER_MS;
  if (!isOutput && isOld && !isRegular && state !== "gone") return { as: "reported", word: "As reported", reason: "" };
  return { as: state === "gone" ? "away" : state, word: STATE_WORDS[state], reason: "" };
}
