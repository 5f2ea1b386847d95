/**
 * A channel's past, from the hub: raw points when they are few, buckets with minimum and maximum when they are many.
 */
import { at } from "glassline/base-path";

/** Points asked for unless the caller knows better: about one for every pixel or two of a chart. */
export const POINTS = 500;

/**
 * A recorded loss of the device. `from` and `to`: when it was learned; `first` to `last` are missing; `after` and `before` are
 * the times of the samples around it. Times in ms.
 * @typedef {{from: number, to: number, reason: string, first?: number, last?: number, after?: number, before?: number}} Gap
 */

/**
 * @typedef {object} History
 * @property {[ts: number, value: unknown][]} [points]
 * @property {[ts: number, min: number, max: number, mean: number, count: number][]} [buckets]
 * @property {Gap[]} [gaps] recorded losses, in the order in which they were learned
 */

/**
 * @param {object} range
 * @param {string} range.device
 * @param {string} range.channel
 * @param {number} range.from ms, included
 * @param {number} range.to ms, not included
 * @param {number} [range.points] more than this many come as buckets
 * @param {AbortSignal} [range.signal]
 * @returns {Promise<History>}
 */
export async function fetchHistory({ device, channel, from, to, points = POINTS, signal }) {
  const query = new URLSearchParams({ from: String(Math.floor(from)), to: String(Math.ceil(to)), points: String(points) });
  const path = `/api/devices/${encodeURIComponent(device)}/channels/${encodeURIComponent(channel)}/history?${query}`;
  const response = await fetch(at(path), { headers: { accept: "application/json" }, signal });
  if (response.status === 404) return { points: [], gaps: [] };
  if (!response.ok) throw new Error(await reasonOf(response));
  return response.json();
}

/** The hub's own words for what went wrong. @param {Response} response */
export async function reasonOf(response) {
  try {
    return String((await response.json()).error.reason);
  } catch {
    return `the hub answered ${response.status}`;
  }
}
