// A TCP or TLS socket of Node, for lines or for a WebSocket.

import net from "node:net";
import tls from "node:tls";
import { CONNECT_MS_MAX, LEAVE_MS_MAX, TCP_KEEPALIVE_MS } from "../limits.js";

/** @import { Address } from "../address.js" */
/** @import { DeviceSettings } from "../device.js" */

/**
 * @typedef {object} SocketTold
 * @property {(socket: net.Socket) => void} opened
 * @property {(chunk: Buffer) => void} read
 * @property {(words: string) => void} ended
 */

/**
 * Opens a socket. Whoever left it is told nothing more.
 * @param {Address} address
 * @param {DeviceSettings} settings
 * @param {SocketTold} told
 */
export function openSocket({ scheme, host, port }, settings, told) {
  const secure = scheme === "tls" || scheme === "wss";
  const to = { host, port, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS, noDelay: true };
  const servername = net.isIP(host) ? undefined : host;
  const socket = secure ? tls.connect({ ...to, servername, ...settings.tls }) : net.connect(to);
  let words = "the hub closed the connection";
  let left = false;
  const late = setTimeout(() => socket.destroy(new Error("no answer in time")), CONNECT_MS_MAX);
  socket.once(secure ? "secureConnect" : "connect", () => {
    clearTimeout(late);
    if (!left) told.opened(socket);
  });
  socket.on("data", (chunk) => left || told.read(chunk));
  socket.on("end", () => socket.destroy());
  socket.on("error", (error) => (words = wordsOf(error)));
  socket.once("close", () => {
    clearTimeout(late);
    if (!left) told.ended(words);
  });
  const leave = () => {
    left = true;
    if (socket.connecting) return socket.destroy();
    socket.destroySoon();
    setTimeout(() => socket.destroy(), LEAVE_MS_MAX).unref();
    socket.unref();
  };
  return { socket, leave };
}

/** One that was tried at several addresses has an error for each, and no words of its own. @param {Error} error */
function wordsOf(error) {
  const [first] = error instanceof AggregateError ? error.errors : [];
  return error.message || first?.message || error.name;
}
