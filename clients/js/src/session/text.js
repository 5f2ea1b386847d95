// Text as bytes of UTF-8.

const encoder = new TextEncoder();
const room = new Uint8Array(4096);

/** Bytes of `text`, counted without making anything that would have to be cleared away. @param {string} text */
export function textBytes(text) {
  if (text.length * 3 <= room.length) return encoder.encodeInto(text, room).written;
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Two halves of a character have four bytes together.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}

/** Halves of characters, which no JSON in UTF-8 can have. */
const HALVES = /\p{Surrogate}/gu;

/** Whether `text` has half a character somewhere. @param {string} text */
export const hasHalves = (text) => text.search(HALVES) >= 0;

/** As many whole characters of `text` as fit into `bytesMax`. @param {string} text @param {number} bytesMax */
export function cutText(text, bytesMax) {
  const whole = text.slice(0, bytesMax + 1).replace(HALVES, "\ufffd");
  const { read } = encoder.encodeInto(whole, new Uint8Array(bytesMax));
  return whole.slice(0, read);
}
