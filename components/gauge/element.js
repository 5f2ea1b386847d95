import { Component, number, Reading } from "glassline";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Sample} Sample */

export default class Gauge extends Component {
  /** @type {Reading | undefined} */
  #reading;

  connected() {
    this.#reading = new Reading(this.part("value"), this.settings.digits);
  }

  get #low() {
    return Number(this.settings.min ?? this.describe.min ?? 0);
  }

  get #high() {
    return Number(this.settings.max ?? this.describe.max ?? 100);
  }

  /** @param {Sample} sample */
  receive(sample) {
    this.#reading?.show(sample.value);
    const share = typeof sample.value === "number" ? (sample.value - this.#low) / (this.#high - this.#low) : 0;
    const percent = Math.max(0, Math.min(100, share * 100)) || 0;
    this.part("arc").setAttribute("stroke-dasharray", `${percent.toFixed(2)} 200`);
  }

  /** @param {Reason} reason */
  changed(reason) {
    if (reason !== "snapshot" && reason !== "describe") return;
    this.#reading?.showUnit(this.unit);
    this.#showEnd("low", this.#low);
    this.#showEnd("high", this.#high);
  }

  /** @param {string} part @param {number} value */
  #showEnd(part, value) {
    const end = this.part(part);
    end.textContent = end.title = number(value);
  }
}
