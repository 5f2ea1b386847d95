import { Component, number, Reading } from "glassline";

/** @typedef {import("glassline/component").Reason} Reason */

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
    this.part("unit").textContent = this.unit;
    this.part("low").textContent = number(Number(range.min));
    this.part("high").textContent = number(Number(range.max));
  }

  #show() {
    const actual = this.latest?.value ?? (this.receipt?.mine && this.receipt.state === "done" ? this.receipt.asked : undefined);
    this.#reading?.show(actual);
    if (!this.#isHeld && !this.busy && typeof actual === "number") this.part("range").value = actual;
    this.#showAsked();
  }

  #showAsked() {
    const isAsking = this.#isHeld || this.busy;
    const range = this.part("range");
    const asked = this.#reading?.format(this.busy ? this.receipt?.asked : range.valueAsNumber);
    this.part("asked").textContent = isAsking ? `→ ${asked} ${this.unit}` : "";
    range.setAttribute("aria-valuetext", `${asked} ${this.unit}`);
  }
}
