import assert from "node:assert/strict";
import { test } from "node:test";
import { retryDelay, SignedOut, Socket } from "../socket.js";

/** A hub's end of the connection, played by the test. */
class Wire {
  static OPEN = 1;
  readyState = 1;
  /** @type {string[]} */
  said = [];
  /** @type {() => void} */ onopen = () => {};
  /** @type {(event: {data: string}) => void} */ onmessage = () => {};
  /** @type {() => void} */ onclose = () => {};
  /** @param {string} frame */
  send(frame) {
    this.said.push(frame);
  }
  close() {
    this.readyState = 3;
    this.onclose();
  }
}

Object.assign(globalThis, { WebSocket: Wire });
const settled = () => new Promise((resolve) => setImmediate(() => resolve(undefined)));

/** @param {{ticket?: () => Promise<string>}} [how] */
function stage({ ticket = async () => "t-1" } = {}) {
  /** @type {Wire[]} */
  const wires = [];
  /** @type {Record<string, any>[]} */
  const received = [];
  /** @type {string[]} */
  const states = [];
  const socket = new Socket({
    page: "/views/weather",
    ticket,
    open: () => /** @type {any} */ (wires[wires.push(new Wire()) - 1]),
    welcomed: () => [{ watch: ["a"] }],
    received: (message) => received.push(message),
    changed: (state) => states.push(state),
  });
  return { socket, wires, received, states };
}

test("the delay grows up to its bound, and chance spreads it", () => {
  assert.equal(retryDelay(0, 0.5), 250);
  assert.equal(retryDelay(3, 0.5), 2000);
  assert.equal(retryDelay(1000, 0.999) <= 15_000, true);
  assert.equal(retryDelay(5, 0), 0);
});

test("a ticket, then the page, then what it watches", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { socket, wires, states } = stage();
  await socket.connect();
  wires[0].onopen();
  assert.deepEqual(wires[0].said, ['{"authenticate":"t-1","page":"/views/weather"}']);
  assert.equal(socket.send({ watch: ["b"] }), false, "nothing is sent before the welcome");
  wires[0].onmessage({ data: '{"welcome":"p1","heartbeat":15}' });
  assert.equal(wires[0].said[1], '{"watch":["a"]}');
  assert.deepEqual(states, ["connected"]);
});

test("a frame is one message or an array of them; an empty one is a heartbeat", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { socket, wires, received } = stage();
  await socket.connect();
  wires[0].onmessage({ data: '[{"welcome":"p1","heartbeat":15},{"device":"a"}]' });
  wires[0].onmessage({ data: "" });
  wires[0].onmessage({ data: '{"device":"b"}' });
  assert.deepEqual(received, [{ device: "a" }, { device: "b" }]);
});

test("two silent heartbeats lose the connection, and it is tried again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { socket, wires, states } = stage();
  await socket.connect();
  wires[0].onmessage({ data: '{"welcome":"p1","heartbeat":3}' });
  for (let second = 0; second < 8; second++) t.mock.timers.tick(1000);
  assert.deepEqual(states, ["connected", "lost"]);
  assert.ok(wires[0].said.includes(""), "it said something meanwhile");
  t.mock.timers.tick(15_000);
  await settled();
  assert.equal(wires.length, 2);
  socket.close();
});

test("what an earlier connection still says is ignored", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { socket, wires, received } = stage();
  await socket.connect();
  wires[0].onmessage({ data: '{"welcome":"p1","heartbeat":15}' });
  wires[0].close();
  wires[0].onmessage({ data: '{"device":"a"}' });
  assert.deepEqual(received, []);
});

test("who is not signed in is told so", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const ticket = () => Promise.reject(new SignedOut("no"));
  const { socket, states } = stage({ ticket });
  await socket.connect();
  assert.deepEqual(states, ["signed-out"]);
});

test("a connection whose news may be old is given up, and another one is made at once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { socket, wires, received, states } = stage();
  await socket.connect();
  wires[0].onmessage({ data: '{"welcome":"p1","heartbeat":15}' });
  socket.renew();
  wires[0].onmessage({ data: '{"device":"a"}' });
  await settled();
  wires[1].onmessage({ data: '{"welcome":"p2","heartbeat":15}' });
  assert.deepEqual(states, ["connected", "lost", "connected"]);
  assert.deepEqual(received, [], "what comes over the old one is not heard");
});

test("a page that is put to sleep makes no connection before it wakes", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const { socket, wires, states } = stage();
  await socket.connect();
  wires[0].onmessage({ data: '{"welcome":"p1","heartbeat":15}' });
  socket.rest();
  t.mock.timers.tick(60_000);
  await settled();
  assert.deepEqual([wires.length, wires[0].readyState, states.at(-1)], [1, 3, "lost"]);
  socket.renew();
  await settled();
  assert.equal(wires.length, 2);
});
