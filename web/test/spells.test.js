// What a channel was, and from when to when: samples become spells, and spells cover a window of time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { addSample } from "../spells.js";
import { stretches } from "../stretches.js";

/** @typedef {import("glassline/spells").Spell} Spell */

/** @param {[number, unknown][]} samples @param {number} [pause] */
function spellsOf(samples, pause) {
  /** @type {Spell[]} */
  const spells = [];
  for (const [ts, value] of samples) addSample(spells, ts, value, pause);
  return spells.map(({ first, last, value, count }) => [first, last, value, count]);
}

test("equal values in a row are one spell, until another comes or a pause is too long", () => {
  assert.deepEqual(spellsOf([[10, "a"], [20, "a"], [30, "b"], [40, "a"]]), [[10, 20, "a", 2], [30, 30, "b", 1], [40, 40, "a", 1]]);
  assert.deepEqual(spellsOf([[10, "a"], [90, "a"]], 50), [[10, 10, "a", 1], [90, 90, "a", 1]]);
});

test("a sample that comes late takes its place, and one that is known changes nothing", () => {
  assert.deepEqual(spellsOf([[10, 1], [30, 2], [20, 3]]), [[10, 10, 1, 1], [20, 20, 3, 1], [30, 30, 2, 1]]);
  assert.deepEqual(spellsOf([[30, 2], [20, 2], [30, 2]]), [[20, 30, 2, 2]]);
});

/** @param {Spell[]} spells @param {{until: number, pause?: number}} how */
function drawn(spells, how) {
  return stretches(spells, { from: 0, to: 100, ...how }).map(({ from, to, isKnown, value }) => [from, to, isKnown ? value : "?"]);
}

/** @param {number} first @param {number} last @param {unknown} value @returns {Spell} */
function spell(first, last, value) {
  return { first, last, value, count: 1 };
}

test("a state holds until the next one, and to now while it is known to", () => {
  assert.deepEqual(drawn([spell(20, 20, "on"), spell(50, 60, "off")], { until: 100 }), [[0, 20, "?"], [20, 50, "on"], [50, 100, "off"]]);
});

test("behind a pause, and since the device has fallen silent, nobody knows", () => {
  const found = drawn([spell(0, 20, "on"), spell(60, 70, "on")], { until: 70, pause: 10 });
  assert.deepEqual(found, [[0, 20, "on"], [20, 60, "?"], [60, 70, "on"], [70, 100, "?"]]);
});

test("what began before the window is in it from its edge", () => {
  assert.deepEqual(drawn([spell(-50, -10, "on"), spell(40, 40, "off")], { until: 100 }), [[0, 40, "on"], [40, 100, "off"]]);
  assert.deepEqual(drawn([], { until: 100 }), [[0, 100, "?"]]);
});
