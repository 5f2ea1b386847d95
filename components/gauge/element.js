import { AlarmSign, Component, number, Reading, zones } from "glassline";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Sample} Sample */

export default class Gauge extends Component {
  /** @type {Reading | undefined} */
  #reading;
  /** @type {AlarmSign | undefined} */
  #sign;

  connected() {
    this.#sign = new AlarmSign(this);
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
    this.#sign?.show(sample.value);
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
    this.#showZones();
    this.#sign?.show(this.latest?.value);
  }

  /** Where warnings and alarms lie, along the scale. */
  #showZones() {
    const found = zones(this.#sign?.limits ?? {}, this.#low, this.#high);
    for (const path of this.querySelectorAll(".zone")) {
      const zone = found.find(({ name }) => name === /** @type {SVGElement} */ (path).dataset.limit);
      path.setAttribute("stroke-dasharray", `${zone ? zone.to - zone.from : 0} 200`);
      path.setAttribute("stroke-dashoffset", String(-(zone?.from ?? 0)));
    }
  }

  /** @param {string} part @param {number} value */
  #showEnd(part, value) {
    const end = this.part(part);
    end.textContent = end.title = number(value);
  }
}
