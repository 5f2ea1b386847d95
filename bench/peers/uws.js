// Publish and subscribe on uWebSockets, which Bun's server is made of. Run by `bench` as `bun uws.js PORT`.
//
// A client opens /SAY/HEAR: what it sends is published under SAY, and it is sent what is published under HEAR; `-` is
// none. Nothing is compressed and nobody is dropped for reading slowly: the load never runs far ahead.

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  fetch(request, server) {
    const [, say, hear] = new URL(request.url).pathname.split("/");
    return server.upgrade(request, { data: { say, hear } }) ? undefined : new Response("", { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 0,
    sendPings: false,
    backpressureLimit: 64 * 1024 * 1024,
    open(socket) {
      if (socket.data.hear !== "-") socket.subscribe(socket.data.hear);
    },
    message(socket, message) {
      server.publish(socket.data.say, message);
    },
  },
});
