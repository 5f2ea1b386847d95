// Cuts bytes into lines as they come.

import { LINE_BYTES_MAX } from "../limits.js";

/** Reads bytes as text; nothing where they are no UTF-8. */
export function textOf(/** @type {Uint8Array} */ bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class Lines {
  /** What came of a line that has not ended. @type {Buffer[]} */
  #pieces = [];
  #bytes = 0;

  /**
   * The lines that end in `chunk`, without their ends. One that is too long or no UTF-8 is none that a device knows: a word for it
   * is left out, and it is never held whole.
   * @param {Buffer} chunk
   */
  *take(chunk) {
    let at = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, at)) {
      this.#hold(chunk.subarray(at, end));
      at = end + 1;
      const line = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
      const isWhole = this.#bytes <= LINE_BYTES_MAX + 1;
      this.#pieces = [];
      this.#bytes = 0;
      const text = isWhole ? textOf(line.at(-1) === 13 ? line.subarray(0, -1) : line) : undefined;
      if (text !== undefined) yield text;
    }
    if (at < chunk.length) this.#hold(chunk.subarray(at));
  }

  /** @param {Buffer} piece */
  #hold(piece) {
    this.#bytes += piece.length;
    if (this.#bytes <= LINE_BYTES_MAX + 1) this.#pieces.push(piece);
    else this.#pieces = [];
  }
}
