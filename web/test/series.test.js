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
  for (let i = 0; i < ROWS_MAX + 50; i++) fine.append(i * 2, i);
  assert.equal(fine.columns().ts.length, ROWS_MAX);
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
