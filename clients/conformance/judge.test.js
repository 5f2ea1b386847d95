// The judge finds what it is there for: a checker that cannot fail proves nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeCommands, judgeSamples } from "./judge.js";

const stored = (/** @type {number[]} */ ...values) => values.map((value) => ({ ts: 0, value }));
const nothing = { dropped: 0, doubtful: new Set() };

test("what was accepted and stored once, in order, is right", () => {
  assert.deepEqual(judgeSamples([1, 2, 3], stored(1, 2, 3), nothing), []);
});

test("a message that is missing, doubled, made up or out of its place is found", () => {
  for (const [wrong, found] of /** @type {const} */ ([
    [stored(1, 3), /1 lost, 0 declared/],
    [stored(1, 2, 2, 3), /1 doubled/],
    [stored(1, 2, 3, 4), /1 that nobody sent/],
    [stored(1, 3, 2), /reordered at 2/],
  ])) {
    assert.match(judgeSamples([1, 2, 3], wrong, nothing).join("; "), found);
  }
});

test("messages are in order by their numbers, whatever the clock of the device said", () => {
  const numbered = (/** @type {[string, number, number][]} */ ...all) => all.map(([session, seq, value]) => ({ ts: 0, session, seq, value }));
  assert.deepEqual(judgeSamples([1, 2, 3], numbered(["k-10", 1, 3], ["k-9", 2, 2], ["k-9", 1, 1]), nothing), []);
  assert.match(judgeSamples([1, 2, 3], numbered(["k-9", 1, 2], ["k-9", 2, 1], ["k-10", 1, 3]), nothing).join(), /reordered at 1/);
});

test("a declared loss is none that is silent, and one too many declared is wrong", () => {
  assert.deepEqual(judgeSamples([1, 2, 3], stored(2, 3), { ...nothing, dropped: 1 }), []);
  assert.match(judgeSamples([1, 2, 3], stored(1, 2, 3), { ...nothing, dropped: 1 }).join(), /0 lost, 1 declared/);
});

test("what a killed program had not heard may be there or not", () => {
  assert.deepEqual(judgeSamples([1, 2], stored(1, 2, 3), { ...nothing, doubtful: new Set([3, 4]) }), []);
});

test("a command that ran twice, or ran and is said not to have, is found", () => {
  const asked = new Map([[1, "done"], [2, "expired"], [3, "done"], [4, "unknown"]]);
  assert.deepEqual(judgeCommands(asked, [1, 3]), []);
  assert.match(judgeCommands(asked, [1, 3, 4, 4]).join(), /command 4 ran 2 times/);
  assert.match(judgeCommands(asked, [1, 2, 3]).join(), /command 2 is expired, and ran/);
  assert.match(judgeCommands(asked, [1]).join(), /command 3 is done, and never ran/);
});
