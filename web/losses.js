/**
 * Recorded gaps as a chart draws them: bands between the samples around them, neighbours that would touch as one, and the
 * words for each. Pure.
 */
import { say } from "glassline/words";

/** Narrowest band, px: less could not be seen or pointed at. */
export const BAND_MIN_PX = 6;
/** Bands nearer to each other than this are one, px. */
const APART_PX = 4;
/**
 * How much a band may say beside its neighbours, and the room that it needs, px: count and reason, the count, its number.
 * @type {[says: Says, room: number][]}
 */
const ROOMS = [["reason", 150], ["count", 72], ["number", 34], ["nothing", 0]];

/**
 * A recorded gap in a chart. `to` is missing as long as no sample has come after it.
 * @typedef {{from: number, to: number | undefined, at: number, messages: number, reason: string}} Loss  times in ms
 */

/**
 * Gaps drawn as one band.
 * @typedef {object} Band
 * @property {number} left px
 * @property {number} width px
 * @property {Loss[]} losses at least one
 * @property {Says} says what there is room for
 */

/** @typedef {"reason" | "count" | "number" | "nothing"} Says */

/**
 * The bands of a window, from left to right.
 * @param {Loss[]} losses
 * @param {{from: number, to: number, width: number}} window ms, ms, px
 * @returns {Band[]}
 */
export function bands(losses, { from, to, width }) {
  const x = (/** @type {number} */ ts) => ((Math.min(Math.max(ts, from), to) - from) / (to - from)) * width;
  /** @type {Band[]} */
  const found = [];
  for (const loss of losses.toSorted((a, b) => a.from - b.from)) {
    const end = endOf(loss);
    if (end < from || loss.from > to) continue;
    const middle = (x(loss.from) + x(end)) / 2;
    const half = Math.max(x(end) - x(loss.from), BAND_MIN_PX) / 2;
    const left = Math.max(0, Math.min(middle - half, width - 2 * half));
    const last = found.at(-1);
    if (last && left <= last.left + last.width + APART_PX) {
      last.width = Math.max(last.width, left + 2 * half - last.left);
      last.losses.push(loss);
    } else {
      found.push({ left, width: 2 * half, losses: [loss], says: "nothing" });
    }
  }
  const middle = (/** @type {Band | undefined} */ band) => (band ? band.left + band.width / 2 : undefined);
  found.forEach((band, i) => {
    const at = middle(band) ?? 0;
    // Half of the way to each neighbour, and to the edges, is its own.
    const room = 2 * Math.min(at, width - at, ...[found[i - 1], found[i + 1]].map((other) => Math.abs((middle(other) ?? Infinity) - at) / 2));
    band.says = ROOMS.find(([, needed]) => room >= needed)?.[0] ?? "nothing";
  });
  return found;
}

/** Where a gap ends that no sample has come after yet: when it was learned. @param {Loss} loss */
export function endOf(loss) {
  return Math.max(loss.from, loss.to ?? loss.at);
}

/** How many messages are missing. @param {Loss[]} losses */
export function count(losses) {
  return losses.reduce((sum, loss) => sum + loss.messages, 0);
}

/** `12 messages lost (overflow)`, with the number of gaps where there are several. @param {Loss[]} losses */
export function words(losses) {
  const messages = count(losses);
  const reasons = [...new Set(losses.map((loss) => loss.reason))].join(", ");
  const gaps = losses.length > 1 ? say("losses.gaps", { gaps: losses.length }) : "";
  return say(messages === 1 ? "losses.one" : "losses.many", { count: messages, gaps, reasons });
}

/** As much of it as there is room for. @param {Band} band */
export function label({ losses, says }) {
  const number = count(losses);
  const reasons = new Set(losses.map((loss) => loss.reason));
  if (says === "reason" && reasons.size === 1) return say("losses.band.reason", { count: number, reason: losses[0].reason });
  const short = say("losses.band", { count: number });
  return { reason: short, count: short, number: String(number), nothing: "" }[says];
}
