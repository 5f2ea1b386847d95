import assert from "node:assert/strict";
import { test } from "node:test";
import { REPORTED_AFTER_MS, standing } from "../standing.js";

/** @param {Record<string, unknown>} of */
const word = (of) => {
  const usual = { state: "fresh", presence: "online", direction: "output", blocked: undefined, hears: true, age: 1000, isRegular: false };
  return standing(/** @type {any} */ ({ ...usual, ...of })).word;
};

test("the same cause has the same word in what shows and in what sends", () => {
  for (const direction of ["output", "input", "both"]) {
    const blocked = direction === "output" ? undefined : "Device is offline";
    assert.equal(word({ direction, blocked, state: "gone", presence: "offline" }), "Offline");
    assert.equal(word({ direction, blocked, state: "gone", presence: "unreachable" }), "Unreachable");
    assert.equal(word({ direction, blocked, state: "stale", hears: false }), "No connection");
  }
});

test("a button is ready, whatever its channel said and when", () => {
  assert.equal(word({ direction: "input", state: "none", age: undefined }), "Ready");
  assert.equal(word({ direction: "input", state: "stale", age: 1e9 }), "Ready");
});

test("an old value is as reported, unless it is known when it should have come again", () => {
  const old = { direction: "both", age: REPORTED_AFTER_MS };
  assert.equal(word({ direction: "both" }), "Fresh");
  assert.equal(word(old), "Reported");
  assert.equal(word({ ...old, state: "late" }), "Reported");
  assert.equal(word({ ...old, state: "late", isRegular: true }), "Late");
  assert.equal(word({ age: REPORTED_AFTER_MS }), "Reported");
  assert.equal(word({ age: REPORTED_AFTER_MS, isRegular: true }), "Fresh");
});

test("a control that may wait says how its value is while the device is away", () => {
  assert.equal(word({ direction: "both", state: "gone", presence: "offline" }), "Offline");
  assert.equal(word({ direction: "input", state: "gone", presence: "offline" }), "Ready");
});
