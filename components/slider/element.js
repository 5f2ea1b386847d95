import { Component, cut, number, Reading } from "glassline";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Reason} Reason */

/** Longest unit after what is being asked for, in characters. */
const UNIT_MAX = 12;
/** Keys move it step by step: it is asked for once they have paused this long, ms. */
const KEY_PAUSE_MS = 700;

/**
 * The figure and the thumb are what the device has. While the thumb is held it is what will be asked for, and a mark stays where the
 * actual value is; once asked for, an outline stands there until it is so.
 */
export default class Slider extends Component {
  /** @type {Reading | undefined} */
  #reading;
  #isHeld = false;
  #isByKey = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pause;

  connected() {
    this.#reading = new Reading(this.part("value"), this.settings.digits);
    const range = this.part("range");
    range.addEventListener("pointerdown", () => (this.#isByKey = false));
    range.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.#key(event));
    range.addEventListener("input", () => this.#hold());
    range.addEventListener("change", (/** @type {Event} */ event) => this.#release(event));
    range.addEventListener("blur", () => this.#ask());
  }

  disconnected() {
    clearTimeout(this.#pause);
  }

  receive() {
    this.#show();
  }

  /** @param {Reason} reason */
  changed(reason) {
    if (reason === "snapshot" || reason === "describe") this.#scale();
    // What cannot be asked for now is not kept for later.
    if (this.blocked) this.#letGo();
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    this.#isByKey = true;
    if (event.key === "Enter") this.#ask();
    if (event.key !== "Escape") return;
    this.#letGo();
    this.#show();
  }

  #hold() {
    this.#isHeld = true;
    this.#show();
  }

  /** The thumb was let go, or a key moved it by a step. @param {Event} event */
  #release(event) {
    if (this.#isByKey) {
      event.stopPropagation();
      clearTimeout(this.#pause);
      this.#pause = setTimeout(() => this.#ask(), KEY_PAUSE_MS);
      return;
    }
    this.#letGo();
    // Once it was sent, or refused to be.
    queueMicrotask(() => this.#show());
  }

  #ask() {
    if (!this.#isHeld) return;
    const value = this.part("range").valueAsNumber;
    this.#letGo();
    if (!this.busy && !this.blocked) this.send(value);
    this.#show();
  }

  #letGo() {
    clearTimeout(this.#pause);
    this.#isHeld = false;
  }

  #scale() {
    const range = this.part("range");
    const { min, max, step } = { ...this.describe, ...this.settings };
    range.min = min ?? 0;
    range.max = max ?? 100;
    range.step = step ?? (Number(range.max) - Number(range.min)) / 100;
    this.#reading?.showUnit(this.unit);
    this.part("low").textContent = number(Number(range.min));
    this.part("high").textContent = number(Number(range.max));
  }

  #show() {
    const { actual, asked } = this;
    this.#reading?.show(actual);
    const range = this.part("range");
    const isKnown = typeof actual === "number";
    // Where nothing is known the thumb stands in the middle, hollow: not at a value.
    if (!this.#isHeld) range.value = isKnown ? actual : (Number(range.min) + Number(range.max)) / 2;
    range.dataset.known = String(isKnown);
    range.dataset.asking = String(this.#isHeld);
    this.#place("filled", isKnown || this.#isHeld ? range.valueAsNumber : undefined);
    this.#place("mark", this.#isHeld && isKnown ? actual : undefined);
    this.#place("ghost", !this.#isHeld && typeof asked?.value === "number" ? asked.value : undefined);
    this.part("ghost").dataset.why = asked?.why ?? "";
    this.#say();
  }

  /** Stands something on the track, or takes it away. @param {string} name @param {number | undefined} value */
  #place(name, value) {
    const { min, max } = this.part("range");
    const element = this.part(name);
    element.hidden = value === undefined;
    if (value === undefined) return;
    const at = (value - Number(min)) / (Number(max) - Number(min) || 1);
    element.style.setProperty("--at", String(Math.min(1, Math.max(0, at))));
  }

  /** The same in words. */
  #say() {
    const { actual, asked } = this;
    const range = this.part("range");
    const why = this.#isHeld ? "under-way" : asked?.why;
    const value = this.#isHeld ? range.valueAsNumber : asked?.value;
    const part = this.part("asked");
    part.dataset.why = why ?? "";
    part.title = why && !this.#isHeld ? say(`asked.${why}.title`) : "";
    part.textContent = why ? say(`asked.${why}`, { value: this.#quantity(value, cut(this.unit, UNIT_MAX)) }) : "";
    const now = this.#isHeld ? value : actual;
    range.setAttribute("aria-valuetext", typeof now === "number" ? this.#quantity(now, this.unit) : say("value.unknown"));
  }

  /** @param {unknown} value @param {string} unit */
  #quantity(value, unit) {
    return `${this.#reading?.format(value)} ${unit}`.trim();
  }
}
