import { Component, cut, number, Reading } from "glassline";

/** @typedef {import("glassline/component").Reason} Reason */

/** Longest unit after what is being asked for, in characters. */
const UNIT_MAX = 12;

/** The figure is what the device has; the thumb is what is being asked for, and follows the figure otherwise. */
export default class Slider extends Component {
  /** @type {Reading | undefined} */
  #reading;
  #isHeld = false;

  connected() {
    this.#reading = new Reading(this.part("value"), this.settings.digits);
    const range = this.part("range");
    range.addEventListener("input", () => {
      this.#isHeld = true;
      this.#showAsked();
    });
    range.addEventListener("change", () => (this.#isHeld = false));
    range.addEventListener("blur", () => {
      this.#isHeld = false;
      this.#show();
    });
  }

  receive() {
    this.#show();
  }

  /** @param {Reason} reason */
  changed(reason) {
    if (reason === "snapshot" || reason === "describe") this.#scale();
    if (reason !== "time" && reason !== "sample") this.#show();
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
    const actual = this.latest?.value ?? (this.receipt?.mine && this.receipt.state === "done" ? this.receipt.asked : undefined);
    this.#reading?.show(actual);
    const range = this.part("range");
    const isKnown = typeof actual === "number";
    // Where nothing is known the thumb stands in the middle, hollow: not at a value.
    if (!this.#isHeld && !this.busy) range.value = isKnown ? actual : (Number(range.min) + Number(range.max)) / 2;
    range.dataset.known = String(isKnown);
    this.#showAsked();
  }

  #showAsked() {
    const isAsking = this.#isHeld || this.busy;
    const range = this.part("range");
    const asked = this.#reading?.format(this.busy ? this.receipt?.asked : range.valueAsNumber);
    this.part("asked").textContent = isAsking ? `→ ${asked} ${cut(this.unit, UNIT_MAX)}` : "";
    range.dataset.asking = String(isAsking);
    range.setAttribute("aria-valuetext", isAsking || range.dataset.known === "true" ? `${asked} ${this.unit}` : "Not known");
  }
}
