// Frames of the WebSocket protocol (RFC 6455), as a client writes and reads them.

import { randomBytes } from "node:crypto";
import { LINE_BYTES_MAX } from "../limits.js";

export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;
const CONTINUED = 0;
const BINARY = 2;

/** Bytes of a message of the hub. A longer one ends the connection. */
const MESSAGE_BYTES_MAX = LINE_BYTES_MAX + 1;

/** A whole message in one frame, masked. @param {number} kind @param {Uint8Array} content */
export function frame(kind, content) {
  const bytes = content.length;
  const extended = bytes < 126 ? 0 : bytes < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extended);
  head[0] = 0x80 | kind;
  head[1] = 0x80 | (extended === 0 ? bytes : extended === 2 ? 126 : 127);
  if (extended === 2) head.writeUInt16BE(bytes, 2);
  if (extended === 8) head.writeBigUInt64BE(BigInt(bytes), 2);
  const mask = randomBytes(4);
  const masked = Buffer.from(content);
  for (let at = 0; at < bytes; at += 1) masked[at] ^= mask[at & 3];
  return Buffer.concat([head, mask, masked]);
}

/** Reads frames of a server, and puts messages together that come in several. */
export class Frames {
  /** @type {Buffer} */
  #rest = Buffer.alloc(0);
  /** Of a message that has not ended. @type {Buffer[]} */
  #pieces = [];
  #kind = CONTINUED;

  /**
   * The messages that end in `chunk`. Throws where a server must not say that.
   * @param {Buffer} chunk
   * @returns {Generator<{kind: number, content: Buffer}>}
   */
  *take(chunk) {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let read = this.#frame(); read; read = this.#frame()) {
      const message = this.#message(read);
      if (message) yield message;
    }
  }

  #frame() {
    const bytes = this.#rest;
    if (bytes.length < 2) return undefined;
    const [first, second] = bytes;
    if (first & 0x70 || second & 0x80) throw new Error("the hub sent a frame that no server sends");
    const extended = (second & 0x7f) === 126 ? 2 : (second & 0x7f) === 127 ? 8 : 0;
    const begin = 2 + extended;
    if (bytes.length < begin) return undefined;
    const length =
      extended === 0 ? second & 0x7f : extended === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (length > MESSAGE_BYTES_MAX) throw new Error("the hub sent a message that is too long");
    if (bytes.length < begin + length) return undefined;
    this.#rest = bytes.subarray(begin + length);
    return { isLast: (first & 0x80) !== 0, kind: first & 0x0f, content: bytes.subarray(begin, begin + length) };
  }

  /** @param {{isLast: boolean, kind: number, content: Buffer}} frame */
  #message({ isLast, kind, content }) {
    if (kind >= CLOSE) {
      if (!isLast || content.length > 125 || kind > PONG) throw new Error("the hub sent a frame of no known kind");
      return { kind, content };
    }
    if (kind > BINARY || (kind === CONTINUED) === (this.#kind === CONTINUED)) {
      throw new Error("the hub sent pieces that do not belong together");
    }
    if (kind !== CONTINUED) this.#kind = kind;
    this.#pieces.push(content);
    const bytes = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (bytes > MESSAGE_BYTES_MAX) throw new Error("the hub sent a message that is too long");
    if (!isLast) return undefined;
    const message = { kind: this.#kind, content: Buffer.concat(this.#pieces) };
    [this.#kind, this.#pieces] = [CONTINUED, []];
    return message;
  }
}
