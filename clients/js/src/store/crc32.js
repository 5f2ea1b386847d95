// CRC-32, the one of Ethernet and zip.

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** Of `bytes`, as eight hexadecimal digits. @param {Uint8Array} bytes */
export function crc32(bytes) {
  let rest = 0xffffffff;
  for (let at = 0; at < bytes.length; at += 1) rest = (rest >>> 8) ^ TABLE[(rest ^ bytes[at]) & 0xff];
  return (~rest >>> 0).toString(16).padStart(8, "0");
}
