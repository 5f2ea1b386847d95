import assert from "node:assert/strict";
import { test } from "node:test";
import { BRIGHT_MS, DONE_MS, line, strength, way } from "../receipt.js";

/** @param {Partial<import("../watch.js").Receipt>} of @returns {import("../watch.js").Receipt} */
function receipt(of) {
  return {
    id: "c1", device: "d", channel: "c", state: "sent", by: "ada", reason: undefined, value: undefined, mine: true,
    asked: true, component: undefined, way: [{ state: "asked", at: 0 }, { state: "sent", at: 120 }], ...of,
  };
}

test("a receipt says its state, its reason, and who asked", () => {
  assert.equal(line(receipt({})), "Sent");
  assert.equal(line(receipt({ state: "failed", reason: "valve stuck" })), "Failed: valve stuck");
  assert.equal(line(receipt({ state: "done", mine: false })), "Done · ada");
  assert.match(line(receipt({ state: "unknown" })), /may have run/);
});

test("its whole way is there to be read", () => {
  assert.equal(way(receipt({})), "Asking +0.00 s → Sent +0.12 s");
});

test("what is done fades and leaves; what went wrong stays", () => {
  const done = receipt({ state: "done" });
  assert.equal(strength(done, 200), "bright");
  assert.equal(strength(done, BRIGHT_MS + 200), "faded");
  assert.equal(strength(done, DONE_MS + 200), "over");
  assert.equal(strength(receipt({ state: "failed" }), DONE_MS * 10), "faded");
  assert.equal(strength(receipt({ state: "sent" }), DONE_MS * 10), "bright");
});
