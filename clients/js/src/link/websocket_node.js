// Lines as text frames of a WebSocket, in Node, whose older versions have none.

import { createHash, randomBytes } from "node:crypto";
import { CONNECT_MS_MAX } from "../limits.js";
import { CLOSE, Frames, PING, PONG, TEXT, frame } from "./frames.js";
import { textOf } from "./lines.js";
import { openSocket } from "./socket.js";

/** @import { Address } from "../address.js" */
/** @import { Connection, DeviceSettings, Told } from "../device.js" */

/** What RFC 6455 puts behind a key. */
const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** Bytes of the answer to the handshake. A longer one ends the connection. */
const ANSWER_BYTES_MAX = 16_384;

/** @param {Address} address @param {DeviceSettings} settings @param {Told} told @returns {Connection} */
export function openWebSocket(address, settings, told) {
  const key = randomBytes(16).toString("base64");
  const frames = new Frames();
  let left = false;
  let upgraded = false;
  /** @type {Buffer} */
  let answer = Buffer.alloc(0);

  const { socket, leave } = openSocket(address, settings, {
    opened: (socket) => socket.write(request(address, key)),
    read: (chunk) => {
      try {
        if (upgraded) return readFrames(chunk);
        answer = Buffer.concat([answer, chunk]);
        const end = answer.indexOf("\r\n\r\n");
        if (end < 0 && answer.length <= ANSWER_BYTES_MAX) return;
        checkAnswer(answer.toString("latin1", 0, Math.max(end, 0)), key);
        upgraded = true;
        clearTimeout(late);
        told.opened();
        readFrames(answer.subarray(end + 4));
      } catch (error) {
        socket.destroy(/** @type {Error} */ (error));
      }
    },
    ended: (words) => {
      clearTimeout(late);
      told.ended(words);
    },
  });
  const late = setTimeout(() => socket.destroy(new Error("no answer in time")), CONNECT_MS_MAX);

  /** @param {Buffer} chunk */
  function readFrames(chunk) {
    for (const { kind, content } of frames.take(chunk)) {
      if (left) return;
      if (kind === PING) socket.write(frame(PONG, content));
      else if (kind === CLOSE) return void socket.end(frame(CLOSE, content.subarray(0, 2)));
      else if (kind === TEXT) {
        const line = textOf(content);
        if (line !== undefined) told.line(line);
      }
    }
  }

  return {
    say: (lines) => void socket.write(Buffer.concat(lines.map((line) => frame(TEXT, Buffer.from(line))))),
    unsent: () => socket.writableLength,
    leave: () => {
      left = true;
      clearTimeout(late);
      if (upgraded && socket.writable) socket.write(frame(CLOSE, Buffer.from([3, 232])));
      leave();
    },
  };
}

/** @param {Address} address @param {string} key */
function request({ host, port, path }, key) {
  const name = host.includes(":") ? `[${host}]` : host;
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${name}:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
    "\r\n",
  ].join("\r\n");
}

/** @param {string} answer @param {string} key */
function checkAnswer(answer, key) {
  const accepted = createHash("sha1").update(key + MAGIC).digest("base64");
  const [status, ...headers] = answer.split("\r\n");
  if (!/^HTTP\/1\.1 101\b/.test(status)) throw new Error(`the hub opens no WebSocket there: ${status}`);
  const isAccepted = headers.some((header) => {
    const [name, ...value] = header.split(":");
    return name.toLowerCase() === "sec-websocket-accept" && value.join(":").trim() === accepted;
  });
  if (!isAccepted) throw new Error("what answers there is no WebSocket");
}
