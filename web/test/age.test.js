import assert from "node:assert/strict";
import { test } from "node:test";
import { age, clock, duration, stateOf } from "../age.js";

const online = { presence: "online", connected: true, every: 1000, ts: 0 };

test("a value ages by its channel's rhythm", () => {
  assert.equal(stateOf({ ...online, now: 4000 }), "fresh");
  assert.equal(stateOf({ ...online, now: 4001 }), "late");
  assert.equal(stateOf({ ...online, now: 11_501 }), "stale");
});

test("without a known rhythm a value is fresh while its device is there", () => {
  assert.equal(stateOf({ ...online, every: undefined, now: 9_000_000 }), "fresh");
});

test("nothing is fresh without its device, and nothing without the hub", () => {
  assert.equal(stateOf({ ...online, presence: "offline", now: 1 }), "gone");
  assert.equal(stateOf({ ...online, presence: "unreachable", now: 1 }), "gone");
  assert.equal(stateOf({ ...online, connected: false, now: 1 }), "stale");
  assert.equal(stateOf({ ...online, ts: undefined, now: 1 }), "none");
});

test("ages are said in the largest unit that says something", () => {
  assert.equal(age(0, 999), "now");
  assert.equal(age(0, 1000), "1 s ago");
  assert.equal(duration(59_999), "59 s");
  assert.equal(duration(60_000), "1 min");
  assert.equal(duration(3_600_000 * 5), "5 h");
  assert.equal(duration(86_400_000 * 400), "400 d");
  assert.equal(duration(-5), "0 s");
});

test("the hub's clock goes on from what the hub said", () => {
  clock.set(1_763_846_847_123);
  const now = clock.now();
  assert.ok(now >= 1_763_846_847_123 && now < 1_763_846_857_123);
});
