// Text as bytes of UTF-8.

const encoder = new TextEncoder();
const room = new Uint8Array(512);

/** Bytes of `text`. @param {string} text */
export function textBytes(text) {
  // What is short is counted without making anything.
  if (text.length * 3 <= room.length) return encoder.encodeInto(text, room).written;
  return encoder.encode(text).length;
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
