import assert from "node:assert/strict";
import { test } from "node:test";
import { BAND_MIN_PX, bands, label, words } from "../losses.js";

const WINDOW = { from: 0, to: 1000, width: 1000 };

/** @param {number} from @param {number | undefined} to @param {number} messages */
function loss(from, to, messages, reason = "overflow") {
  return { from, to, at: from + 10, messages, reason };
}

test("a band goes from the sample before the gap to the one after it", () => {
  const [band] = bands([loss(100, 300, 12)], WINDOW);
  assert.deepEqual([band.left, band.width], [100, 200]);
  assert.equal(words(band.losses), "12 messages lost (overflow)");
});

test("one that nothing came after yet ends where it was learned, and is never too narrow to see", () => {
  const [open] = bands([loss(100, undefined, 1)], WINDOW);
  assert.equal(open.width, 10);
  const [narrow] = bands([loss(500, 500, 1)], WINDOW);
  assert.equal(narrow.width, BAND_MIN_PX);
  const [edge] = bands([loss(1000, 1000, 1)], WINDOW);
  assert.equal(edge.left + edge.width, 1000, "it stays inside");
});

test("gaps outside of the window are not drawn, one that reaches into it is cut", () => {
  assert.deepEqual(bands([loss(-500, -400, 1), loss(1500, 1600, 1)], WINDOW), []);
  const [cut] = bands([loss(-500, 200, 1)], WINDOW);
  assert.deepEqual([cut.left, cut.width], [0, 200]);
});

test("neighbours that would touch are one band that counts them all", () => {
  const found = bands([loss(110, 112, 2, "bad"), loss(100, 105, 10), loss(600, 700, 1)], WINDOW);
  assert.equal(found.length, 2);
  assert.equal(words(found[0].losses), "12 messages lost in 2 gaps (overflow, bad)");
  assert.equal(words(found[1].losses), "1 message lost (overflow)");
});

test("a band says as much as it has room for", () => {
  const found = bands([loss(20, 30, 7), loss(100, 110, 2), loss(150, 160, 3), loss(165, 175, 4), loss(600, 610, 5)], WINDOW);
  assert.deepEqual(found.map(label), ["7", "2", "", "", "5 lost: overflow"]);
});
