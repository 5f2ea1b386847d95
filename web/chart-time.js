/**
 * Times as a chart says them, in the reader's zone and by the reader's conventions: no longer than they need be.
 */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const marks = {
  second: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  minute: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }),
  day: new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" }),
  month: new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric" }),
};
const today = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const anyDay = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A mark on the time axis; midnight is its day. @param {number} at ms @param {number} step between marks, ms */
export function timeMark(at, step) {
  const date = new Date(at);
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (step >= 28 * DAY_MS) return marks.month.format(date);
  if (step >= DAY_MS || (isMidnight && step >= HOUR_MS)) return marks.day.format(date);
  if (step < 1000) return `${marks.second.format(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;
  return (step < 60_000 ? marks.second : marks.minute).format(date);
}

/** The time that is pointed at, to the second; with its day when that is not today. @param {number} ts ms @param {number} now ms */
export function pointedTime(ts, now) {
  return (isSameDay(ts, now) ? today : anyDay).format(ts);
}

/** A stretch of time; with its days when it is not all of today. @param {{from: number, to: number}} window ms @param {number} now ms */
export function stretchTime({ from, to }, now) {
  return (isSameDay(from, now) && isSameDay(to, now) ? today : anyDay).formatRange(from, to);
}

/** @param {number} a @param {number} b ms */
function isSameDay(a, b) {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
