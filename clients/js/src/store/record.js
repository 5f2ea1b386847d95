// One record of a stored outbox: a line of JSON with a checksum behind it, as the line protocol has it on serial lines.
//
//   {"seq":17,"channel":"temperature","value":21.5,"ts":1763846847123} *0a1b2c3d
//   {"head":15,"session":"k7-3","begin":9,"end":12,"next":18,"generation":4} *0a1b2c3d
//
// A message is the line that goes over the wire, with its position for its number. A head says what is taken over, in which
// session the rest is numbered, and the position of the next message.

import { isSession } from "../session/messages.js";
import { crc32 } from "./crc32.js";

/**
 * A head with what tells the newer of two.
 * @typedef {object} Stamped
 * @property {number} generation  grows with each head that is written
 * @property {number} next  the position of the next message when it was written
 * @property {import("../session/session.js").Head} head
 */

/** @typedef {{position: number, message: string} | {stamped: Stamped}} Record */

/** Bytes of ` *0a1b2c3d`. */
const SEAL_BYTES = 10;
/** Bytes of the shortest message with its seal and its end. */
export const MESSAGE_BYTES_MIN = '{"seq":1,"values":{}} *0a1b2c3d.'.length;
/** Bytes of the longest head. */
export const HEAD_BYTES_MAX = 220;

const BEGINNING = '{"seq":';
const MESSAGE = /^\{"seq":([1-9][0-9]{0,15}),(.+)\}$/s;

/** @param {number} position @param {string} message  its members */
export const ofMessage = (position, message) => sealed(`${BEGINNING}${position},${message}}`);

/** @param {Stamped} stamped */
export function ofHead({ generation, next, head: { head, session } }) {
  return sealed(JSON.stringify({ head, ...session, next, generation }));
}

/** @param {string} line */
function sealed(line) {
  return Buffer.from(`${line} *${crc32(Buffer.from(line))}\n`);
}

/**
 * Reads a line without its end. Nothing where it is not exactly what was once written.
 * @param {Buffer} line
 * @returns {Record | undefined}
 */
export function read(line) {
  const json = line.subarray(0, -SEAL_BYTES);
  if (line.length <= SEAL_BYTES || line.toString("latin1", json.length) !== ` *${crc32(json)}`) return undefined;
  const text = json.toString();
  const [, position, message] = MESSAGE.exec(text) ?? [];
  if (message !== undefined) return { position: Number(position), message };
  return text.startsWith('{"head":') ? readHead(text) : undefined;
}

/** @param {string} text @returns {Record | undefined} */
function readHead(text) {
  const { head, session, begin, end, next, generation } = JSON.parse(text);
  if (![head, next, generation].every(Number.isSafeInteger)) return undefined;
  const kept = isSession(session) && Number.isSafeInteger(begin) ? { session, begin, ...(end && { end }) } : undefined;
  return { stamped: { generation, next, head: { head, session: kept } } };
}

/**
 * The highest position of a message that damaged bytes seem to have held, from `next` on: as a beginning of a message that can
 * still be read tells, as long as it is one that fits in so many bytes.
 * @param {Buffer} damaged
 * @param {number} next
 */
export function lastClaimed(damaged, next) {
  const highest = next + Math.floor(damaged.length / MESSAGE_BYTES_MIN);
  const claims = damaged.toString("latin1").matchAll(/\{"seq":([1-9][0-9]{0,15})(?=,)/g);
  const plausible = [...claims].map(([, position]) => Number(position)).filter((at) => at >= next && at <= highest);
  return plausible.length === 0 ? undefined : Math.max(...plausible);
}

/** Whether damaged bytes look like one line with a head, whole or its beginning, and like nothing else. @param {Buffer} damaged */
export function isRestOfHead(damaged) {
  const text = damaged.toString("latin1").replace(/\n$/, "");
  return text.startsWith('{"h') && text.length <= HEAD_BYTES_MAX && !/[\n\0]/.test(text);
}
