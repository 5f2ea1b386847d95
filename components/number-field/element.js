import { Component, cut, Reading } from "glassline";
import { say } from "glassline/words";

/** Longest unit after what was asked for, in characters. */
const UNIT_MAX = 12;
/** After these what was typed is still wanted, as far as anybody knows: nothing of it ran. */
const NEVER_RAN = new Set(["refused", "expired", "cancelled"]);

/** The figure is what the device has; what was typed is what is asked for. */
export default class NumberField extends Component {
  /** @type {Reading | undefined} */
  #reading;
  /** The command that the field holds the number of. @type {string | undefined} */
  #sent = undefined;

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
    if (reason === "command") this.#settle();
    this.#show();
  }

  /** What was asked for and has come to an end is not asked for a second time by accident. */
  #settle() {
    const { receipt } = this;
    if (this.busy) this.#sent = receipt?.id;
    if (this.busy || !this.#sent || receipt?.id !== this.#sent) return;
    this.#sent = undefined;
    if (!NEVER_RAN.has(receipt.state)) this.part("field").value = "";
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
    const { actual, asked } = this;
    if (actual !== undefined) this.#reading?.show(actual);
    const part = this.part("asked");
    const said = asked ? say(`asked.${asked.why}`, { value: `${this.#reading?.format(asked.value)} ${cut(this.unit, UNIT_MAX)}`.trim() }) : "";
    part.dataset.why = asked?.why ?? "";
    part.title = asked ? say(`asked.${asked.why}.title`) : "";
    if (part.textContent !== said) part.textContent = said;
  }
}
