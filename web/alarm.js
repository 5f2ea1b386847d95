/**
 * Warnings and alarms: how a number stands to the limits that a view gives or a device describes. Pure but for `AlarmSign`, which
 * shows it. The hub says the same of the value that comes with the page.
 */
import { cut, number } from "glassline/format";
import { say } from "glassline/words";

/** Longest unit behind a limit, in characters. */
const UNIT_MAX = 12;

/** @typedef {import("glassline/component").Component} Component */
/** @typedef {"warning" | "alarm"} Level */
/** @typedef {"above" | "below"} Side */
/** @typedef {{level: Level, side: Side, limit: number}} Beyond  the gravest limit that a number is beyond */
/** @typedef {{warn_below?: number, warn_above?: number, alarm_below?: number, alarm_above?: number}} Limits */

/** From the gravest. @type {readonly [name: keyof Limits, level: Level, side: Side][]} */
const LIMITS = [
  ["alarm_above", "alarm", "above"],
  ["alarm_below", "alarm", "below"],
  ["warn_above", "warning", "above"],
  ["warn_below", "warning", "below"],
];

/**
 * The limits among settings, and where they are silent among what the device says of the channel.
 * @param {Record<string, unknown>} settings
 * @param {Record<string, unknown>} [describe]
 * @returns {Limits}
 */
export function limitsOf(settings, describe = {}) {
  /** @type {Limits} */
  const limits = {};
  for (const [name] of LIMITS) {
    const limit = settings[name] ?? describe[name];
    if (typeof limit === "number" && Number.isFinite(limit)) limits[name] = limit;
  }
  return limits;
}

/** Whether there are any. @param {Limits} limits */
export function hasLimits(limits) {
  return Object.keys(limits).length > 0;
}

/**
 * The gravest limit that a value is beyond. A number that is exactly at a limit is not beyond it.
 * @param {unknown} value
 * @param {Limits} limits
 * @returns {Beyond | undefined}
 */
export function beyond(value, limits) {
  if (typeof value !== "number") return undefined;
  for (const [name, level, side] of LIMITS) {
    const limit = limits[name];
    if (limit !== undefined && (side === "above" ? value > limit : value < limit)) return { level, side, limit };
  }
  return undefined;
}

/**
 * What a person reads of it: `Alarm: above 80 °C`; nothing without one.
 * @param {Beyond | undefined} found
 * @param {string} [unit]
 */
export function alarmText(found, unit = "") {
  if (!found) return "";
  const after = unit.trim();
  return say(`alarm.${found.level}.${found.side}`, { limit: after ? `${number(found.limit)} ${cut(after, UNIT_MAX)}` : number(found.limit) });
}

/**
 * The parts of a scale that lie beyond limits, in percent of it; none of them has no length.
 * @param {Limits} limits
 * @param {number} low left end of the scale
 * @param {number} high right end
 * @returns {{name: keyof Limits, level: Level, from: number, to: number}[]}
 */
export function zones(limits, low, high) {
  const at = (/** @type {number} */ value) => Math.max(0, Math.min(100, ((value - low) / (high - low)) * 100)) || 0;
  const { warn_below, warn_above, alarm_below, alarm_above } = limits;
  /** @type {{name: keyof Limits, level: Level, from: number, to: number}[]} */
  const found = [];
  const begin = alarm_below === undefined ? 0 : at(alarm_below);
  const end = alarm_above === undefined ? 100 : at(alarm_above);
  if (alarm_below !== undefined) found.push({ name: "alarm_below", level: "alarm", from: 0, to: begin });
  if (warn_below !== undefined) found.push({ name: "warn_below", level: "warning", from: begin, to: at(warn_below) });
  if (warn_above !== undefined) found.push({ name: "warn_above", level: "warning", from: at(warn_above), to: end });
  if (alarm_above !== undefined) found.push({ name: "alarm_above", level: "alarm", from: end, to: 100 });
  return found.filter(({ from, to }) => to > from);
}

/** The line of a component that says its alarm in words: the macro `sign` of `alarm.html`. */
export class AlarmSign {
  #component;

  /** @param {Component} component */
  constructor(component) {
    this.#component = component;
  }

  get limits() {
    return limitsOf(this.#component.settings, this.#component.describe);
  }

  /** To be called with each value, and when the description has changed. @param {unknown} value */
  show(value) {
    const { limits } = this;
    const part = this.#component.find("alarm");
    const text = this.#component.find("alarm-text");
    if (!part || !text) return;
    const found = beyond(value, limits);
    const said = alarmText(found, this.#component.unit);
    part.hidden = !hasLimits(limits);
    // Touched only when it differs: a screen reader says each change.
    if (text.textContent !== said) text.textContent = said;
    if (part.dataset.level !== (found?.level ?? "")) part.dataset.level = found?.level ?? "";
  }
}
