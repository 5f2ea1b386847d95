import { Component, Reading } from "glassline";

export default class NumberField extends Component {
  /** @type {Reading | undefined} */
  #reading;

  connected() {
    this.#reading = new Reading(this.part("value"), this.settings.digits);
  }

  receive() {
    this.#show();
  }

  /** The browser itself says what is wrong with a number out of range. */
  compose() {
    const field = this.part("field");
    return field.reportValidity() && Number.isFinite(field.valueAsNumber) ? field.valueAsNumber : undefined;
  }

  /** @param {import("glassline/component").Reason} reason */
  changed(reason) {
    if (reason === "snapshot" || reason === "describe") this.#limit();
    if (reason === "command" && this.receipt?.mine && this.receipt.state === "done") this.part("field").value = "";
    if (reason === "command" || reason === "snapshot") this.#show();
  }

  #limit() {
    const field = this.part("field");
    const { min, max, step } = { ...this.describe, ...this.settings };
    field.min = min ?? "";
    field.max = max ?? "";
    field.step = step ?? "any";
    this.#reading?.showUnit(this.unit);
  }

  #show() {
    const isDone = this.receipt?.mine && this.receipt.state === "done";
    if (this.latest) this.#reading?.show(this.latest.value);
    else if (isDone) this.#reading?.show(this.receipt?.asked);
  }
}
