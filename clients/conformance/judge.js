// Judges from outside: what the hub has stored against what the library accepted, and what ran against what was asked.

/**
 * One stored sample, as the hub streams it.
 * @typedef {{ts: number, value: number, session?: string, seq?: number}} Stored
 */

/**
 * What was found wrong, a sentence each; none is a pass.
 * @param {number[]} accepted  the values that were accepted, in this order
 * @param {Stored[]} stored  as committed; where clocks jump, their times say nothing of the order
 * @param {{dropped: number, doubtful: Set<number>}} allowed  how many were declared lost; values that may be missing or there
 */
export function judgeSamples(accepted, stored, { dropped, doubtful }) {
  const wrong = [];
  const seen = new Map();
  for (const { value } of stored) seen.set(value, (seen.get(value) ?? 0) + 1);
  const doubled = [...seen].filter(([, times]) => times > 1);
  if (doubled.length > 0) wrong.push(`${doubled.length} doubled, such as ${doubled[0]?.[0]}`);
  const lost = accepted.filter((value) => !seen.has(value));
  if (lost.length !== dropped) {
    wrong.push(`${lost.length} lost, ${dropped} declared; such as ${lost.slice(0, 5).join(", ")}`);
  }
  const known = new Set(accepted);
  const made = stored.filter(({ value }) => !known.has(value) && !doubtful.has(value));
  if (made.length > 0) wrong.push(`${made.length} that nobody sent, such as ${made[0]?.value}`);
  const numbered = inOrder(stored);
  const turned = numbered.findIndex(({ value }, at) => at > 0 && value < /** @type {Stored} */ (numbered[at - 1]).value);
  if (turned > 0) wrong.push(`reordered at ${numbered[turned]?.value}`);
  return wrong;
}

/** By the numbers of sessions, and of messages in them; as they are where they have none. @param {Stored[]} stored */
function inOrder(stored) {
  const count = (/** @type {Stored} */ { session = "" }) => Number(session.slice(session.lastIndexOf("-") + 1));
  return stored.toSorted((one, other) => count(one) - count(other) || (one.seq ?? 0) - (other.seq ?? 0));
}

/**
 * @param {Map<number, string>} asked  the commands by their values, and how the hub says they ended
 * @param {unknown[]} begun  the values of those that handlers began, over all runs
 */
export function judgeCommands(asked, begun) {
  const wrong = [];
  const times = new Map();
  for (const value of begun) times.set(value, (times.get(value) ?? 0) + 1);
  for (const [value, count] of times) {
    if (count > 1) wrong.push(`command ${value} ran ${count} times`);
    if (!asked.has(/** @type {number} */ (value))) wrong.push(`command ${value} ran, and nobody asked for it`);
  }
  for (const [value, state] of asked) {
    const ran = times.has(value);
    if (state === "done" && !ran) wrong.push(`command ${value} is done, and never ran`);
    if (["expired", "cancelled", "refused"].includes(state) && ran) wrong.push(`command ${value} is ${state}, and ran`);
    if (["accepted", "queued", "sent"].includes(state)) wrong.push(`command ${value} is still ${state}`);
  }
  return wrong;
}
