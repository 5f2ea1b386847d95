import assert from "node:assert/strict";
import { test } from "node:test";
import { ROWS_MAX, Series } from "../series.js";

test("history comes first, live samples go on from there", () => {
  const series = new Series(1);
  series.load({ points: [[10, 1], [20, 2], [25, "no number"]] });
  series.append(30, 3);
  assert.deepEqual(series.columns().mean, [1, 2, 3]);
  assert.equal(series.samples, 3);
});

test("a bucket keeps its spike", () => {
  const series = new Series(100);
  series.load({ buckets: [[0, 1, 9000, 5, 100]] });
  const { min, max, mean } = series.columns();
  assert.deepEqual([min, max, mean], [[1], [9000], [5]]);
});

test("live samples fold into buckets, so that any rate is bounded", () => {
  const series = new Series(1000);
  for (let i = 0; i < 5000; i++) series.append(i, i % 100);
  const { ts, min, max } = series.columns();
  assert.equal(ts.length, 5);
  assert.deepEqual([min[0], max[0]], [0, 99]);
  assert.equal(ts.at(-1), 4999, "the line ends at the newest sample");
  assert.equal(series.samples, 5000);
  const fine = new Series(1);
  for (let i = 0; i < ROWS_MAX * 2; i++) fine.append(i * 2, i);
  assert.ok(fine.columns().ts.length <= ROWS_MAX * 1.125);
  assert.equal(fine.columns().ts.at(-1), ROWS_MAX * 4 - 2);
  assert.equal(fine.samples, fine.columns().ts.length);
});

test("samples of the same millisecond are all counted", () => {
  const series = new Series(1);
  series.append(5, 1);
  series.append(5, 3);
  assert.equal(series.samples, 2);
  assert.deepEqual(series.columns().mean, [2]);
});

test("a late sample takes its place among the others", () => {
  const series = new Series(1);
  series.load({ points: [[10, 1], [30, 3]] });
  series.insert(20, 2);
  series.insert(20, 2);
  assert.deepEqual(series.columns().ts, [10, 20, 30]);
});

test("a gap and a long pause break the line", () => {
  const series = new Series(1);
  series.load({ points: [[1000, 1], [2000, 2], [3000, 3]], gaps: [{ from: 2500, to: 2500, reason: "overflow" }] });
  assert.deepEqual(series.columns(1000).mean, [1, 2, null, 3]);
  series.append(20_000, 4);
  assert.deepEqual(series.columns(1000).mean, [1, 2, null, 3, null, 4]);
});

test("without a known rhythm, a pause of many usual distances breaks the line", () => {
  const series = new Series(1);
  series.load({ points: [[1000, 1], [2000, 2], [3000, 3], [4000, 4]] });
  series.append(13_500, 5);
  assert.deepEqual(series.columns().mean, [1, 2, 3, 4, 5], "a few seconds are no pause");
  series.append(14_500, 6);
  series.append(60_000, 7);
  assert.deepEqual(series.columns().mean, [1, 2, 3, 4, 5, 6, null, 7]);
});

test("two samples far apart have no rhythm that could break", () => {
  const series = new Series(1);
  series.load({ points: [[0, 1], [300_000, 2]] });
  assert.deepEqual(series.columns().mean, [1, 2]);
  series.append(301_000, 3);
  assert.deepEqual(series.columns().mean, [1, 2, 3]);
});

test("the line breaks where the device was seen to be away, unless it brings what is missing", () => {
  const series = new Series(1);
  series.load({ points: [[1000, 1], [2000, 2], [3000, 3]] });
  series.depart();
  series.depart();
  series.append(7000, 7);
  assert.deepEqual(series.columns().mean, [1, 2, 3, null, 7]);
  for (const second of [4, 5, 6]) series.insert(second * 1000, second);
  assert.deepEqual(series.columns().mean, [1, 2, 3, 4, 5, 6, 7]);
});

test("a live gap breaks before what comes next", () => {
  const series = new Series(1000);
  series.append(10, 1);
  series.lose({ from: 7, to: 9, reason: "overflow" }, 15);
  assert.deepEqual(series.losses, [{ from: 10, to: undefined, at: 15, messages: 3, reason: "overflow" }]);
  series.append(20, 2);
  assert.deepEqual(series.columns().mean, [1, null, 2]);
  assert.equal(series.losses[0].to, 20, "it goes from the sample before it to the one after it");
});

test("a stored gap lies between the samples around it, and the line breaks there", () => {
  const series = new Series(1);
  const gap = { from: 9000, to: 9000, reason: "overflow", first: 91, last: 95, after: 2000, before: 3000 };
  series.load({ points: [[1000, 1], [2000, 2], [3000, 3]], gaps: [gap] });
  assert.deepEqual(series.losses, [{ from: 2000, to: 3000, at: 9000, messages: 5, reason: "overflow" }]);
  assert.deepEqual(series.columns(1000).mean, [1, 2, null, 3]);
  series.trim(3001);
  assert.deepEqual(series.losses, []);
});

test("one row before the window stays, so that the line enters from the edge", () => {
  const series = new Series(1);
  series.load({ points: [[10, 1], [20, 2], [30, 3]] });
  series.trim(25);
  assert.deepEqual(series.columns().ts, [20, 30]);
});

test("late samples are sorted in together, each once", () => {
  const series = new Series(1);
  series.load({ points: [[10, 1], [50, 5]] });
  for (const ts of [40, 20, 30, 20, 5, 60]) series.insert(ts, ts / 10);
  assert.deepEqual(series.rows().ts, [5, 10, 20, 30, 40, 50, 60]);
  assert.deepEqual(series.rows().mean, [0.5, 1, 2, 3, 4, 5, 6]);
  assert.equal(series.samples, 7);
});

test("a late sample of a bucket's time goes into the bucket", () => {
  const series = new Series(100);
  series.load({ buckets: [[0, 1, 3, 2, 2], [100, 4, 4, 4, 3]] });
  series.insert(50, 8);
  assert.deepEqual(series.rows().ts, [0, 100]);
  assert.deepEqual([series.rows().max[0], series.rows().count[0], series.rows().mean[0]], [8, 3, 4]);
});

test("where the line breaks is the same whether samples came live or from history", () => {
  const live = new Series(1);
  const points = Array.from({ length: 400 }, (_, i) => [i * 1000 + (i > 200 ? 60_000 : 0) + (i > 350 ? 90_000 : 0), i]);
  for (const [ts, value] of points) {
    live.append(ts, value);
    live.rows();
  }
  const stored = new Series(1);
  stored.load({ points: /** @type {[number, number][]} */ (points) });
  assert.deepEqual(live.rows().broken, stored.rows().broken);
  assert.deepEqual(live.rows().broken.flatMap((broken, i) => (broken ? [i] : [])), [201, 351]);
});

test("a copy goes its own way", () => {
  const series = new Series(1);
  series.load({ points: [[10, 1], [20, 2]] });
  const copy = series.copy();
  series.append(30, 3);
  copy.insert(15, 9);
  assert.deepEqual(copy.rows().ts, [10, 15, 20]);
  assert.deepEqual(series.rows().ts, [10, 20, 30]);
});

test("a device that changes its pace has no breaks where it was slower", () => {
  const series = new Series(1);
  const slow = Array.from({ length: 50 }, (_, i) => /** @type {[number, number]} */ ([i * 10_000, 1]));
  series.load({ points: slow });
  for (let i = 1; i <= 200; i++) series.append(490_000 + i * 50, 2);
  assert.equal(series.rows(50).broken.includes(true), false, "as its rhythm is now");
  series.append(505_000, 3);
  series.append(505_050, 3);
  assert.deepEqual(series.rows(50).broken.lastIndexOf(true), 250, "a pause at the new pace is one");
});
