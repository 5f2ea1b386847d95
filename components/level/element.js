import { AlarmSign, Component, number, Reading, zones } from "glassline";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Sample} Sample */

export default class Level extends Component {
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
  receive({ value }) {
    this.#reading?.show(value);
    this.#sign?.show(value);
    const share = typeof value === "number" ? (value - this.#low) / (this.#high - this.#low) : 0;
    this.#place(this.part("fill"), 0, Math.max(0, Math.min(100, share * 100)) || 0);
  }

  /** @param {Reason} reason */
  changed(reason) {
    if (reason !== "snapshot" && reason !== "describe") return;
    this.#reading?.showUnit(this.unit);
    this.#showEnd("low", this.#low);
    this.#showEnd("high", this.#high);
    this.#sign?.show(this.latest?.value);
    const found = zones(this.#sign?.limits ?? {}, this.#low, this.#high);
    for (const rect of this.querySelectorAll(".zone")) {
      const zone = found.find(({ name }) => name === /** @type {SVGElement} */ (rect).dataset.limit);
      this.#place(rect, zone?.from ?? 0, zone?.to ?? 0);
    }
  }

  /** A part of the tank, in percent of it. @param {Element} rect @param {number} from @param {number} to */
  #place(rect, from, to) {
    const lies = this.settings.orientation === "horizontal";
    const size = (to - from).toFixed(2);
    rect.setAttribute(lies ? "x" : "y", (lies ? from : 100 - to).toFixed(2));
    rect.setAttribute(lies ? "width" : "height", size);
  }

  /** @param {string} part @param {number} value */
  #showEnd(part, value) {
    const end = this.part(part);
    end.textContent = end.title = number(value);
  }
}
