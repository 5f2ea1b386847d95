import assert from "node:assert/strict";
import { test } from "node:test";
import { paths } from "../spark.js";

test("a line runs from the left edge to now, lowest below, highest above", () => {
  const { line, end } = paths({ ts: [0, 50, 100], mean: [0, 10, 5], min: [0, 10, 5], max: [0, 10, 5] }, 0, 100);
  assert.equal(line, "M0 29L50 3L100 16");
  assert.equal(end, "M100 16h0");
});

test("a break begins the line anew", () => {
  const { line } = paths({ ts: [0, 25, 50], mean: [1, null, 1], min: [1, null, 1], max: [1, null, 1] }, 0, 100);
  assert.equal(line, "M0 16h0M50 16h0");
});

test("nothing draws nothing", () => {
  assert.deepEqual(paths({ ts: [], mean: [], min: [], max: [] }, 0, 100), { line: "", band: "", end: "" });
});
