/**
 * What a control shows of a command beside the actual value: what was asked for and is not known to be so. Pure.
 */
import { isUnderWay } from "glassline/watch";

/** @typedef {import("glassline/watch").Latest} Latest */
/** @typedef {import("glassline/watch").Receipt} Receipt */

/**
 * A value that was asked for, and why it is drawn apart from the actual one: its command is `under-way`, it is `unknown` whether it
 * ran, or it is `done` and the device has not reported yet.
 * @typedef {{value: unknown, why: "under-way" | "unknown" | "done", mine: boolean, by: string | undefined}} Asked
 */

/** How long a device may take to report what it has done, ms; after that its last value counts. */
export const REPORT_MS = 3000;

/**
 * @param {Receipt | undefined} receipt the newest command on the channel
 * @param {Latest | undefined} latest
 * @param {number} now the hub's time, ms
 * @returns {Asked | undefined} nothing where what was asked for is the case, or never will be
 */
export function askedFor(receipt, latest, now) {
  if (!receipt || receipt.asked === undefined) return undefined;
  const { mine, by } = receipt;
  const value = receipt.asked;
  if (isUnderWay(receipt)) return { value, why: "under-way", mine, by };
  const settled = receipt.way.at(-1)?.at ?? now;
  const began = receipt.way[0]?.at ?? settled;
  const isReported = latest !== undefined && (latest.ts > settled || (latest.ts >= began && isEqual(latest.value, value)));
  if (isReported) return undefined;
  if (receipt.state === "unknown") return { value, why: "unknown", mine, by };
  const isAwaited = receipt.state === "done" && latest !== undefined && !isEqual(latest.value, value) && now - settled < REPORT_MS;
  return isAwaited ? { value, why: "done", mine, by } : undefined;
}

/**
 * Whether a control waits for this command before it can be used again. One that may be replaced while it waits for its device does
 * not keep it: the newer one takes its place.
 * @param {Receipt | undefined} receipt
 */
export function keepsBusy(receipt) {
  if (!receipt?.mine || !isUnderWay(receipt)) return false;
  return receipt.state !== "queued" || receipt.intent !== "latest";
}

/** From when on a command that was accepted and waits behind others is offered to be taken back, ms. */
const WAITS_MS = 1000;

/**
 * Whether a person may still take it back: their own, and not yet on its way.
 * @param {Receipt | undefined} receipt
 * @param {string} user who reads
 * @param {number} now the hub's time, ms
 */
export function canCancel(receipt, user, now) {
  if (!receipt || !(receipt.mine || (user !== "" && receipt.by === user))) return false;
  const waitsFor = now - (receipt.way.at(-1)?.at ?? now);
  return receipt.state === "queued" || (receipt.state === "accepted" && waitsFor >= WAITS_MS);
}

/** @param {unknown} a @param {unknown} b */
function isEqual(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
