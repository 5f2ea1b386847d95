import assert from "node:assert/strict";
import { test } from "node:test";
import { Series } from "../series.js";
import { extent, nearest, places } from "../strokes.js";

/** @param {[number, number][]} points */
function rows(points) {
  const series = new Series(1);
  series.load({ points });
  return series.rows();
}

test("rows of one pixel are drawn as one, with their extent", () => {
  const many = rows(Array.from({ length: 1000 }, (_, i) => [i, i === 555 ? 9000 : i % 10]));
  const drawn = places(many, { from: 0, to: 1000 }, 100);
  assert.equal(drawn.ts.length, 10);
  assert.deepEqual([drawn.min[5], drawn.max[5], drawn.max[4]], [0, 9000, 9]);
});

test("what is drawn stays the same while the window moves", () => {
  const many = rows(Array.from({ length: 1000 }, (_, i) => [i, Math.sin(i)]));
  const [now, later] = [0, 37].map((by) => places(many, { from: 200 + by, to: 800 + by }, 10));
  const from = later.ts.findIndex((ts) => ts > 300);
  const same = now.ts.findIndex((ts) => ts === later.ts[from]);
  assert.deepEqual(later.mean.slice(from, from + 20), now.mean.slice(same, same + 20));
});

test("a break is never drawn over, however narrow it is", () => {
  const broken = rows([[0, 1], [1000, 2], [2000, 3], [60_000, 4], [61_000, 5]]);
  assert.deepEqual(places(broken, { from: 0, to: 70_000 }, 70_000).begins, [true, true]);
});

test("the axis is as long as what is seen", () => {
  const wide = rows([[0, -50], [1000, 1], [2000, 2], [3000, 90]]);
  assert.deepEqual(extent(wide, { from: 500, to: 2500 }), { low: -50, high: 90 }, "the line enters and leaves");
  assert.deepEqual(extent(rows([[0, 1]]), { from: 5000, to: 6000 }), undefined);
});

test("one points at the nearest sample, and at nothing in a gap", () => {
  const broken = rows([[0, 1], [1000, 2], [2000, 3], [60_000, 4], [61_000, 5]]);
  assert.equal(nearest(broken, 900, 10), 1);
  assert.equal(nearest(broken, 1400, 10), 1);
  assert.equal(nearest(broken, 30_000, 10), undefined);
  assert.equal(nearest(broken, 2005, 10), 2);
  assert.equal(nearest(broken, 61_500, 1000), 4);
  assert.equal(nearest(rows([]), 5, 10), undefined);
});
