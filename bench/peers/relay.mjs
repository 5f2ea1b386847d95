// The plainest relay that one would write on Node with the package `ws`. Run by `bench` as `node relay.mjs PORT`.
//
// A client opens /SAY/HEAR: what it sends goes to everyone who hears SAY, and it is sent what is said under HEAR; `-` is
// none.

import { WebSocketServer } from "ws";

/** @type {Map<string, Set<import("ws").WebSocket>>} */
const hearers = new Map();
const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  perMessageDeflate: false,
});

server.on("connection", (socket, request) => {
  const [, say, hear] = request.url.split("/");
  if (hear !== "-") {
    if (!hearers.has(hear)) hearers.set(hear, new Set());
    hearers.get(hear).add(socket);
    socket.on("close", () => hearers.get(hear).delete(socket));
  }
  socket.on("error", () => socket.terminate());
  socket.on("message", (message) => {
    for (const hearer of hearers.get(say) ?? []) hearer.send(message, { binary: false });
  });
});
