import assert from "node:assert/strict";
import { test } from "node:test";
import { cut, decimals, humanize, number, text, TEXT_MAX, wholeText } from "../format.js";

test("a number has the decimals that say something", () => {
  assert.deepEqual([21.5, 0.1 + 0.2, 22, 1013.25, 101_325.4].map(decimals), [1, 1, 0, 1, 0]);
});

test("a number reads like one", () => {
  assert.equal(number(-4), "−4");
  assert.equal(number(21.5, 2), (21.5).toLocaleString(undefined, { minimumFractionDigits: 2 }));
  assert.equal(number(Number.NaN), "–");
  assert.match(number(1.5e15), /E15$/);
  assert.match(number(0.00012), /E/);
});

test("any value has a text", () => {
  assert.equal(text(undefined), "–");
  assert.equal(text(true), "On");
  assert.equal(text({ a: [1] }), '{"a":[1]}');
  assert.equal(text("as it is"), "as it is");
});

test("a channel's name reads like words", () => {
  assert.equal(humanize("wind_speed"), "Wind speed");
});

test("a long text is cut, between characters, and the whole of it can be had", () => {
  assert.equal(cut("short"), "short");
  assert.equal(cut("abcdef", 4), "abc…");
  assert.equal(cut("ab👍cd", 4), "ab…");
  const long = "x".repeat(65_536);
  assert.equal(text(long).length, TEXT_MAX);
  assert.equal(wholeText(long), long);
});
