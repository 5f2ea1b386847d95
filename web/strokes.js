/**
 * Draws the rows of a channel into a canvas: a line through the means, a band from lowest to highest, a dot where a sample stands
 * alone. Rows that would fall on the same pixel are drawn as one, whatever their number; the places are counted in absolute
 * time, so that nothing flickers while the window moves.
 */
import { firstFrom } from "glassline/series";

/** Places that are drawn as one path. */
const PIECE = 64;
/** Distance of the marks on a line, in sizes of a mark. */
const MARK_DISTANCE = 30;

/** @typedef {import("glassline/series").Rows} Rows */
/** @typedef {{from: number, to: number}} Window  ms */
/**
 * What is drawn for each place: its time, extent and mean; `begins`: no line comes from the one before.
 * @typedef {{ts: number[], min: number[], max: number[], mean: number[], begins: boolean[]}} Places
 */

/**
 * Where a channel is drawn.
 * @typedef {object} Frame
 * @property {CanvasRenderingContext2D} context
 * @property {Window} window
 * @property {number} left px
 * @property {number} width px
 * @property {(value: number) => number} y px of a value
 */

/**
 * A shape that a line bears now and then, so that it is known without its colour: an outline within ±1 of this size, px.
 * @typedef {{outline: readonly (readonly [number, number])[], size: number}} Mark
 */

/**
 * How a channel is drawn.
 * @typedef {{line: string, band: string, width: number, mark?: Mark}} Stroke  colours; px
 */

/** The indices of the rows that a window shows, with one on each side, so that the line enters and leaves. @param {Rows} rows @param {Window} window */
export function visible({ ts }, { from, to }) {
  return { first: Math.max(0, firstFrom(ts, from) - 1), end: Math.min(ts.length, firstFrom(ts, to) + 1) };
}

/**
 * The rows of a window, those of one place as one.
 * @param {Rows} rows
 * @param {Window} window
 * @param {number} width of a place, ms
 * @returns {Places}
 */
export function places(rows, window, width) {
  const { ts, min, max, mean, broken } = rows;
  const { first, end } = visible(rows, window);
  /** @type {Places} */
  const found = { ts: [], min: [], max: [], mean: [], begins: [] };
  let place = NaN;
  let last = -1;
  let merged = 0;
  for (let i = first; i < end; i++) {
    const next = Math.floor(ts[i] / width);
    if (next === place && !broken[i]) {
      merged += 1;
      found.ts[last] += (ts[i] - found.ts[last]) / merged;
      found.mean[last] += (mean[i] - found.mean[last]) / merged;
      if (min[i] < found.min[last]) found.min[last] = min[i];
      if (max[i] > found.max[last]) found.max[last] = max[i];
      continue;
    }
    place = next;
    last += 1;
    merged = 1;
    found.ts.push(ts[i]);
    found.min.push(min[i]);
    found.max.push(max[i]);
    found.mean.push(mean[i]);
    found.begins.push(broken[i] || i === first);
  }
  return found;
}

/**
 * The lowest and the highest value of a window; undefined where it shows none.
 * @param {Rows} rows
 * @param {Window} window
 * @returns {{low: number, high: number} | undefined}
 */
export function extent(rows, window) {
  const { first, end } = visible(rows, window);
  let low = Infinity;
  let high = -Infinity;
  for (let i = first; i < end; i++) {
    // What is outside counts only where a line leads to it.
    if (rows.ts[i] < window.from && (i + 1 >= end || rows.broken[i + 1])) continue;
    if (rows.ts[i] > window.to && (rows.broken[i] || i === first)) continue;
    if (rows.min[i] < low) low = rows.min[i];
    if (rows.max[i] > high) high = rows.max[i];
  }
  return low <= high ? { low, high } : undefined;
}

/** @param {Rows} rows @param {Frame} frame @param {Stroke} stroke */
export function drawRows(rows, frame, stroke) {
  const { context, window, left, width } = frame;
  const perPixel = (window.to - window.from) / width;
  const drawn = places(rows, window, perPixel);
  const x = drawn.ts.map((ts) => left + (ts - window.from) / perPixel);
  drawBand(drawn, x, frame, stroke.band);
  context.fillStyle = stroke.line;
  drawLine(drawn, x, frame, stroke);
  for (let i = 0; i < x.length; i++) {
    const isAlone = drawn.begins[i] && (i + 1 === x.length || drawn.begins[i + 1]);
    if (isAlone) dot(context, x[i], frame.y(drawn.mean[i]), stroke.width * 1.5);
  }
  if (stroke.mark) drawMarks(drawn, x, frame, stroke.mark);
}

/** In pieces: what draws without a graphics processor needs far longer for one path of a thousand points. @param {Places} drawn @param {number[]} x @param {Frame} frame @param {Stroke} stroke */
function drawLine({ mean, begins }, x, { context, y }, { line, width }) {
  context.strokeStyle = line;
  context.lineWidth = width;
  context.lineJoin = "bevel";
  context.lineCap = "round";
  for (let first = 0; first < x.length; first += PIECE) {
    const end = Math.min(first + PIECE, x.length - 1);
    context.beginPath();
    context.moveTo(x[first], y(mean[first]));
    for (let i = first + 1; i <= end; i++) {
      if (begins[i]) context.moveTo(x[i], y(mean[i]));
      else context.lineTo(x[i], y(mean[i]));
    }
    context.stroke();
  }
}

/** @param {Places} drawn @param {number[]} x @param {Frame} frame @param {string} colour */
function drawBand({ min, max, begins }, x, { context, y }, colour) {
  context.fillStyle = colour;
  for (let first = 0; first < x.length; ) {
    let end = first + 1;
    while (end < x.length && !begins[end] && end - first < PIECE) end++;
    const next = end;
    // Pieces of one band share an edge.
    if (end < x.length && !begins[end]) end++;
    let isFlat = true;
    for (let i = first; i < end && isFlat; i++) isFlat = min[i] === max[i];
    if (!isFlat) {
      context.beginPath();
      for (let i = first; i < end; i++) context.lineTo(x[i], y(max[i]));
      for (let i = end - 1; i >= first; i--) context.lineTo(x[i], y(min[i]));
      context.closePath();
      context.fill();
    }
    first = next;
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius px */
function dot(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** At places that are about equally far from each other, counted in absolute time. @param {Places} drawn @param {number[]} x @param {Frame} frame @param {Mark} mark */
function drawMarks(drawn, x, { context, window, width, y }, { outline, size }) {
  const step = size * MARK_DISTANCE * ((window.to - window.from) / width);
  for (let at = Math.ceil(window.from / step) * step; at <= window.to; at += step) {
    const after = firstFrom(drawn.ts, at);
    const i = after > 0 && !(drawn.ts[after] - at < at - drawn.ts[after - 1]) ? after - 1 : after;
    if (i >= x.length || Math.abs(drawn.ts[i] - at) > step / 2) continue;
    context.beginPath();
    for (const [dx, dy] of outline) context.lineTo(x[i] + dx * size, y(drawn.mean[i]) + dy * size);
    context.fill();
  }
}

/**
 * The row that a reader means who points at a time: the nearest one, unless the line is broken there. Undefined where there is none.
 * @param {Rows} rows
 * @param {number} at ms
 * @param {number} near how far it may be where the line is broken, ms
 * @returns {number | undefined} its index
 */
export function nearest({ ts, broken }, at, near) {
  const after = firstFrom(ts, at);
  const isAfter = after < ts.length;
  if (after === 0) return isAfter && ts[0] - at <= near ? 0 : undefined;
  const before = after - 1;
  const closer = isAfter && ts[after] - at < at - ts[before] ? after : before;
  const isOnLine = isAfter && !broken[after];
  return isOnLine || Math.abs(ts[closer] - at) <= near ? closer : undefined;
}
