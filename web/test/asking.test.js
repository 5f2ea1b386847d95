import assert from "node:assert/strict";
import { test } from "node:test";
import { askedFor, canCancel, keepsBusy, REPORT_MS } from "../asking.js";

/** @param {Partial<import("../watch.js").Receipt>} of @returns {import("../watch.js").Receipt} */
function receipt(of) {
  return {
    id: "c1", device: "d", channel: "c", state: "sent", by: "ada", reason: undefined, value: undefined, mine: true, asked: 60,
    component: undefined, intent: "now", guessed: false, way: [{ state: "asked", at: 1000 }, { state: "sent", at: 1100 }], ...of,
  };
}

/** @param {string} state @param {number} at */
const settled = (state, at) => receipt({ state, way: [{ state: "asked", at: 1000 }, { state, at }] });
const before = { value: 40, ts: 900 };

test("what is under way is drawn apart, whoever asked", () => {
  assert.deepEqual(askedFor(receipt({ mine: false }), before, 1200), { value: 60, why: "under-way", mine: false, by: "ada" });
  assert.equal(askedFor(undefined, before, 1200), undefined);
});

test("what failed, or never ran, is not drawn at all", () => {
  for (const state of ["failed", "refused", "expired", "cancelled"]) assert.equal(askedFor(settled(state, 1200), before, 1300), undefined);
});

test("what may have run stays in doubt until the device reports", () => {
  const unknown = settled("unknown", 9000);
  assert.equal(askedFor(unknown, before, 1e9)?.why, "unknown");
  assert.equal(askedFor(unknown, { value: 40, ts: 5000 }, 1e9)?.why, "unknown", "an old value may have been on its way");
  assert.equal(askedFor(unknown, { value: 60, ts: 5000 }, 1e9), undefined, "it is so");
  assert.equal(askedFor(unknown, { value: 40, ts: 9001 }, 1e9), undefined, "it is known not to be so");
});

test("what is done may take a moment to be reported, and then the device's word counts", () => {
  const done = settled("done", 2000);
  assert.equal(askedFor(done, before, 2500)?.why, "done");
  assert.equal(askedFor(done, before, 2000 + REPORT_MS), undefined);
  assert.equal(askedFor(done, { value: 60, ts: 1500 }, 2500), undefined);
});

test("one command of this page keeps the control, but for one that may be replaced while it waits", () => {
  assert.equal(keepsBusy(receipt({})), true);
  assert.equal(keepsBusy(receipt({ mine: false })), false);
  assert.equal(keepsBusy(receipt({ state: "queued", intent: "queue" })), true);
  assert.equal(keepsBusy(receipt({ state: "queued", intent: "latest" })), false);
  assert.equal(keepsBusy(settled("done", 1200)), false);
});

test("a command that waits can be taken back by the person who asked, also from another page", () => {
  const queued = receipt({ state: "queued", mine: false });
  assert.equal(canCancel(queued, "ada", 1200), true);
  assert.equal(canCancel(queued, "bob", 1200), false);
  assert.equal(canCancel(receipt({}), "ada", 1e9), false, "it is on its way");
  const accepted = receipt({ state: "accepted", way: [{ state: "accepted", at: 1000 }] });
  assert.deepEqual([canCancel(accepted, "ada", 1100), canCancel(accepted, "ada", 2000)], [false, true], "it waits behind others");
});
