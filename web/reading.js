/**
 * A number in large figures that does not jump: it keeps the most decimals and the widest text that it has had, and is set
 * in smaller type rather than being broken or leaving its tile (`.reading` in component.css).
 */
import { cut, decimals, number, text, wholeText } from "glassline/format";

/** Units longer than this have a line of their own, in characters. The templates draw the same line. */
const UNIT_BESIDE_MAX = 6;
/** Longer texts than this are words, not figures: they are cut at the end of their line instead of getting smaller. */
const FIGURES_MAX = 32;
/** Longest text in a title, in characters. */
const TITLE_MAX = 4000;

export class Reading {
  #element;
  #fixed;
  #digits = 0;
  #chars = 0;

  /**
   * @param {HTMLElement} element
   * @param {number} [digits] exact number of decimals; as many as have been needed so far if not given
   */
  constructor(element, digits) {
    this.#element = element;
    this.#fixed = digits;
    this.showUnit(this.#unit?.textContent ?? "");
    this.#fit();
  }

  /** How many decimals it shows now. */
  get digits() {
    return this.#fixed ?? this.#digits;
  }

  /** @param {unknown} value */
  show(value) {
    const shown = this.format(value);
    if (this.#element.textContent !== shown) this.#element.textContent = shown;
    const title = typeof value === "string" || typeof value === "object" ? cut(wholeText(value), TITLE_MAX) : shown;
    if (this.#element.title !== title) this.#element.title = title;
    this.#fit();
  }

  /** What stands after the number; a long one below it. @param {string} unit */
  showUnit(unit) {
    const part = this.#unit;
    if (!part) return;
    const shown = unit.trim();
    if (part.textContent !== shown) part.textContent = shown;
    part.title = shown;
    const isLong = shown.length > UNIT_BESIDE_MAX;
    part.classList.toggle("long", isLong);
    part.parentElement?.style.setProperty("--unit-width", isLong ? "0" : String(breadth(part)));
  }

  /** The same without showing it. @param {unknown} value @returns {string} */
  format(value) {
    if (typeof value !== "number") return text(value);
    this.#digits = Math.max(this.#digits, decimals(value));
    return number(value, this.#digits);
  }

  /** The longest text so far is the measure: its room is kept, and its size of type. */
  #fit() {
    const chars = (this.#element.textContent ?? "").trim().length;
    if (chars <= this.#chars || chars > FIGURES_MAX) return;
    this.#chars = chars;
    const { style } = this.#element;
    style.removeProperty("--width");
    style.setProperty("--width", String(breadth(this.#element)));
  }

  /** @returns {HTMLElement | null | undefined} */
  get #unit() {
    return this.#element.parentElement?.querySelector(":scope > .unit");
  }
}

/** How wide its content is on one line, in its own size of type; 0 while it is not shown. @param {HTMLElement} element */
function breadth(element) {
  return element.scrollWidth / parseFloat(getComputedStyle(element).fontSize) || 0;
}
