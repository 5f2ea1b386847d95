import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedHub } from "./hub/scripted.js";
import { telling } from "./hub/told.js";

test("what a handler returns is the result, what it throws is the reason, and the program goes on", async () => {
  const hub = await new ScriptedHub().listen();
  const { device, reports } = telling({ address: `tcp://${hub.address}` });
  const cycle = /** @type {any} */ ({});
  cycle.self = cycle;
  /** @type {[string, (value: any) => unknown, object][]} */
  const handlers = [
    ["plain", (value) => value + 1, { ok: true, value: 2 }],
    ["nothing", () => {}, { ok: true }],
    ["later", async (value) => ({ value }), { ok: true, value: { value: 1 } }],
    ["throws", () => assert.fail("stuck"), { ok: false, reason: "stuck" }],
    ["rejects", () => Promise.reject("stuck too"), { ok: false, reason: "stuck too" }],
    ["long", () => assert.fail("ü".repeat(500)), { ok: false, reason: "ü".repeat(128) }],
    ["half", () => assert.fail("a\ud800b"), { ok: false, reason: "a\ufffdb" }],
    ["cycle", () => cycle, { ok: false, reason: "done, but the answer is none that can be sent" }],
    ["huge", () => "x".repeat(70_000), { ok: false, reason: "done, but the answer is too long" }],
  ];
  for (const [channel, handler] of handlers) device.onCommand(channel, handler);
  device.onConnected(() => assert.fail("a handler that fails"));
  device.onMessage(() => assert.fail("another one"));
  device.connect();
  const { connection } = await hub.welcome();
  for (const [index, [channel, , outcome]] of handlers.entries()) {
    connection.says({ command: index + 1, channel, value: 1, ttl: 5000 });
    assert.deepEqual(await connection.read(), { result: index + 1, ...outcome });
  }
  assert.ok(reports.includes("a handler failed:"));
  assert.equal(device.send("t", 1), true);
  assert.equal((await connection.read()).seq, 1);
  await device.close();
  await hub.close();
});

test("handlers are called one after another, and a command that waits too long in line is answered", async () => {
  const hub = await new ScriptedHub().listen();
  const { device } = telling({ address: `tcp://${hub.address}` });
  let release = () => {};
  const order = /** @type {number[]} */ ([]);
  device.onCommand("slow", () => new Promise((resolve) => (release = () => resolve(order.push(1)))));
  device.onCommand(undefined, () => order.push(2));
  device.connect();
  const { connection } = await hub.welcome();
  connection.says({ command: 1, channel: "slow", value: 1, ttl: 5000 });
  for (let number = 2; number <= 300; number += 1) {
    connection.says({ command: number, channel: "other", value: 1, ttl: 5000 });
  }
  const { result, ok, reason } = await connection.read();
  assert.ok(result > 256);
  assert.deepEqual([ok, reason], [false, "the program is too busy"]);
  assert.deepEqual(order, []);
  release();
  await device.close();
  await hub.close();
});

test("what the hub would not take is not accepted, and send never throws", async () => {
  const { device } = telling({ address: "tcp://127.0.0.1:9" });
  const cycle = /** @type {any} */ ({});
  cycle.self = cycle;
  const deep = (/** @type {number} */ levels) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  const refused = [undefined, NaN, Infinity, () => 1, Symbol("x"), 1n, cycle, [NaN], deep(16), "x".repeat(70_000), "\ud800"];
  const throwing = { toJSON: () => assert.fail("no") };
  for (const value of [...refused, throwing]) assert.equal(device.send("t", value), false, typeof value);
  for (const value of [0, -0.5, 1e300, "", "ü\ud83d\ude00", "\\ud800", true, null, [], {}, deep(15), new Date(0)]) {
    assert.equal(device.send("t", value), true, JSON.stringify(value));
  }
  for (const channel of ["", "a\nb", "ü".repeat(65), "\udc00", 7, undefined]) {
    assert.equal(device.send(/** @type {any} */ (channel), 1), false, String(channel));
  }
  for (const values of [{}, null, 7, [1], [["a", 1], ["a", 2]], Array.from({ length: 513 }, (_, n) => [`c${n}`, n])]) {
    assert.equal(device.sendMany(/** @type {any} */ (values)), false);
  }
  assert.equal(device.sendMany({ a: 1, b: deep(14) }), true);
  assert.equal(device.sendMany({ a: 1, b: deep(15) }), false);
  assert.equal(device.sendMany(new Map([["a", 1]])), true);
  assert.equal(device.send("t", 1, 1.5), false);
  assert.equal(device.sendUnnumbered("t", 1), false, "nobody is there");
  for (const channels of [null, [], { a: 1 }, { a: { unit: 1 } }, { a: { every: 0 } }, { a: { min: "0" } }]) {
    assert.equal(device.describe(/** @type {any} */ (channels)), false);
  }
  const looked = { get fan() { throw new Error("no"); } };
  const inside = { fan: new Proxy({}, { get: () => assert.fail("no") }) };
  for (const channels of [looked, inside]) {
    assert.equal(device.describe(/** @type {any} */ (channels)), false, "it throws when it is looked at");
  }
  assert.equal(device.describe({ fan: { input: "switch", more: [1] } }), true);
  assert.equal(device.queued, 14);
  await device.close();
});
