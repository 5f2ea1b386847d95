/**
 * A number that does not jump: it keeps the most decimals and the widest text that it has had.
 */
import { decimals, number, text } from "glassline/format";

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
  }

  /** How many decimals it shows now. */
  get digits() {
    return this.#fixed ?? this.#digits;
  }

  /** @param {unknown} value */
  show(value) {
    const shown = this.format(value);
    if (this.#element.textContent !== shown) this.#element.textContent = shown;
    if (typeof value !== "number" || shown.length <= this.#chars) return;
    this.#chars = shown.length;
    this.#keepWidth();
  }

  /** The room it takes now is the least it takes from now on, in its own font size. */
  #keepWidth() {
    const style = this.#element.style;
    style.removeProperty("--width");
    const { width } = this.#element.getBoundingClientRect();
    style.setProperty("--width", `${width / parseFloat(getComputedStyle(this.#element).fontSize)}em`);
  }

  /** The same without showing it. @param {unknown} value @returns {string} */
  format(value) {
    if (typeof value !== "number") return text(value);
    this.#digits = Math.max(this.#digits, decimals(value));
    return number(value, this.digits);
  }
}
