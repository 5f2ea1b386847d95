import { Component, Reading } from "glassline";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Sample} Sample */

export default class Compass extends Component {
  /** @type {Reading | undefined} */
  #reading;
  /** The angle at which the arrow stands; it goes on beyond 360, so that it turns the short way over north. */
  #angle = NaN;

  connected() {
    this.#reading = new Reading(this.part("value"), this.settings.digits);
  }

  /** @param {Sample} sample */
  receive({ value }) {
    const arrow = this.part("arrow");
    const isAngle = typeof value === "number" && Number.isFinite(value);
    arrow.setAttribute("visibility", isAngle ? "visible" : "hidden");
    const turn = isAngle ? ((value % 360) + 360) % 360 : undefined;
    this.#reading?.show(turn);
    const points = say("compass.points").split(" ");
    const word = turn === undefined ? "" : points[Math.round(turn / (360 / points.length)) % points.length];
    if (this.part("point").textContent !== word) this.part("point").textContent = word;
    if (turn !== undefined) this.#turnTo(turn, arrow);
  }

  /** @param {Reason} reason */
  changed(reason) {
    if (reason === "snapshot" || reason === "describe") this.#reading?.showUnit(this.unit || "°");
  }

  /** @param {number} turn @param {SVGElement} arrow */
  #turnTo(turn, arrow) {
    const from = Number.isNaN(this.#angle) ? turn : this.#angle;
    this.#angle = from + ((((turn - from) % 360) + 540) % 360) - 180;
    arrow.style.transform = `rotate(${this.#angle.toFixed(2)}deg)`;
  }
}
