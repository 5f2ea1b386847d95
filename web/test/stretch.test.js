import assert from "node:assert/strict";
import { test } from "node:test";
import { LONGEST_MS, SHORTEST_MS, Stretch } from "../stretch.js";

const MINUTE = 60_000;

/** @param {number} minutes */
function stretch(minutes) {
  const clock = { now: 1000 * MINUTE };
  return { clock, stretch: new Stretch(minutes * MINUTE, () => clock.now) };
}

test("a live stretch ends now, a held one stays", () => {
  const { clock, stretch: live } = stretch(15);
  assert.deepEqual(live.window, { from: 985 * MINUTE, to: 1000 * MINUTE });
  live.hold();
  clock.now += MINUTE;
  assert.deepEqual(live.window, { from: 985 * MINUTE, to: 1000 * MINUTE });
  live.live();
  assert.deepEqual(live.window, { from: 986 * MINUTE, to: 1001 * MINUTE });
});

test("zooming at a place keeps that place where it is", () => {
  const { stretch: zoomed } = stretch(100);
  zoomed.zoom(0.5, 950 * MINUTE);
  assert.deepEqual(zoomed.window, { from: 925 * MINUTE, to: 975 * MINUTE });
  assert.equal(zoomed.isLive, false);
});

test("zooming without a place leaves a live stretch live", () => {
  const { stretch: zoomed } = stretch(100);
  zoomed.zoom(0.5);
  assert.deepEqual([zoomed.isLive, zoomed.span], [true, 50 * MINUTE]);
});

test("there is nothing behind now: moving there is live again", () => {
  const { stretch: moved } = stretch(10);
  moved.move(5 * MINUTE);
  assert.equal(moved.isLive, true);
  moved.move(-5 * MINUTE);
  assert.deepEqual(moved.window, { from: 985 * MINUTE, to: 995 * MINUTE });
  moved.zoom(2);
  assert.equal(moved.window.to, 1000 * MINUTE);
  moved.move(MINUTE);
  assert.deepEqual([moved.isLive, moved.span], [true, 20 * MINUTE]);
});

test("it is never shorter or longer than can be drawn, and does not creep at the limits", () => {
  const { stretch: limited } = stretch(10);
  limited.see(900 * MINUTE, 900 * MINUTE + 1);
  assert.equal(limited.span, SHORTEST_MS);
  const before = limited.window;
  limited.zoom(0.5, before.from);
  assert.deepEqual(limited.window, before);
  limited.zoom(1e12);
  assert.equal(limited.span, LONGEST_MS);
});
