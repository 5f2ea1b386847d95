/**
 * Values and times as a reader wants them: numbers by the reader's own conventions, times in the reader's zone.
 */

/** Most decimals shown unless a component's `digits` asks for more. */
export const DECIMALS_MAX = 3;

/** Longest text shown in one line, in characters; the whole of it belongs in a title or a fold. */
export const TEXT_MAX = 200;

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/**
 * How many decimals a number has as written, at most `DECIMALS_MAX`; fewer for large ones, where they say nothing.
 * @param {number} value
 */
export function decimals(value) {
  const size = Math.abs(value);
  const most = size >= 10_000 ? 0 : size >= 1000 ? 1 : size >= 100 ? 2 : DECIMALS_MAX;
  const text = String(Number(value.toFixed(most)));
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}

/**
 * A number by the reader's conventions. A fixed number of decimals keeps columns still.
 * @param {number} value
 * @param {number} [digits] exact number of decimals; as many as it needs if not given
 */
export function number(value, digits = decimals(value)) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const scientific = size !== 0 && (size >= 1e12 || size < 10 ** -Math.max(digits, DECIMALS_MAX));
  return numberFormat(Math.min(Math.max(digits, 0), 20), scientific).format(value).replace("-", "−");
}

/** @param {number} digits @param {boolean} scientific */
function numberFormat(digits, scientific) {
  const key = `${digits}${scientific}`;
  const known = formats.get(key);
  if (known) return known;
  /** @type {Intl.NumberFormatOptions} */
  const options = scientific
    ? { notation: "scientific", maximumFractionDigits: DECIMALS_MAX }
    : { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: "min2" };
  const made = new Intl.NumberFormat(undefined, options);
  formats.set(key, made);
  return made;
}

/**
 * Any value as one line of text, cut where it is too long for one.
 * @param {unknown} value
 */
export function text(value) {
  return cut(wholeText(value));
}

/**
 * Any value as text, however long.
 * @param {unknown} value
 */
export function wholeText(value) {
  if (value === undefined) return "–";
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return value ? "On" : "Off";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * A text of at most `most` characters; an ellipsis stands for what is left out.
 * @param {string} whole
 * @param {number} [most]
 */
export function cut(whole, most = TEXT_MAX) {
  if (whole.length <= most) return whole;
  // Not through the middle of a character of two units.
  const end = /[\uD800-\uDBFF]/.test(whole[most - 2]) ? most - 2 : most - 1;
  return `${whole.slice(0, end).trimEnd()}…`;
}

/** "wind_speed" → "Wind speed". @param {string} name */
export function humanize(name) {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** The exact time in the reader's zone, for a tooltip. @param {number} ts ms */
export function exactTime(ts) {
  return exact.format(ts);
}

/** The time of day; with its day when that is not today. @param {number} ts ms @param {number} [now] ms */
export function shortTime(ts, now = Date.now()) {
  return new Date(ts).toDateString() === new Date(now).toDateString() ? time.format(ts) : dayAndTime.format(ts);
}
