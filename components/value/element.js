import { AlarmSign, Component, Reading, Spark } from "glassline";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Gap} Gap */
/** @typedef {import("glassline/watch").Sample} Sample */

export default class Value extends Component {
  /** @type {Reading | undefined} */
  #reading;
  /** @type {AlarmSign | undefined} */
  #sign;
  /** @type {Spark | undefined} */
  #spark;

  connected() {
    this.#sign = new AlarmSign(this);
    this.#reading = new Reading(this.part("value"), this.settings.digits);
    if (this.settings.sparkline) this.#spark = new Spark(this, this.part("spark"), this.settings.minutes);
  }

  disconnected() {
    this.#spark?.trace.stop();
  }

  /** @param {Sample} sample */
  receive(sample) {
    this.#reading?.show(sample.value);
    this.#sign?.show(sample.value);
    this.#spark?.trace.take(sample);
  }

  /** @param {Sample} sample */
  receiveLate(sample) {
    this.#spark?.trace.take(sample);
  }

  /** @param {Gap} gap */
  receiveGap(gap) {
    this.#spark?.trace.gap(gap);
  }

  /** @param {Reason} reason */
  changed(reason) {
    this.#spark?.trace.changed(reason);
    if (reason !== "snapshot" && reason !== "describe") return;
    this.#reading?.showUnit(this.unit);
    this.#sign?.show(this.latest?.value);
  }
}
