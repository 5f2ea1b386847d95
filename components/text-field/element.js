import { Component, wholeText } from "glassline";
import { say } from "glassline/words";

/** After these what was typed is still wanted, as far as anybody knows: nothing of it ran. */
const NEVER_RAN = new Set(["refused", "expired", "cancelled"]);

/** The text above is what the device has; what was typed is what is asked for. */
export default class TextField extends Component {
  /** The command that the field holds the text of. @type {string | undefined} */
  #sent = undefined;

  connected() {
    const field = this.part("field");
    field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field instanceof HTMLTextAreaElement) field.form?.requestSubmit();
    });
  }

  receive() {
    this.#show();
  }

  /** An empty text is one too: what was there is to go. */
  compose() {
    return this.part("field").value;
  }

  /** @param {import("glassline/component").Reason} reason */
  changed(reason) {
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

  #show() {
    const { actual, asked } = this;
    const part = this.part("asked");
    const said = asked ? say(`asked.${asked.why}`, { value: asked.value === "" ? say("input.empty") : wholeText(asked.value) }) : "";
    part.dataset.why = asked?.why ?? "";
    part.title = asked ? say(`asked.${asked.why}.title`) : "";
    if (part.textContent !== said) part.textContent = said;
    if (actual === undefined) return;
    const value = this.part("value");
    const shown = actual === "" ? say("input.empty") : wholeText(actual);
    value.toggleAttribute("data-empty", actual === "");
    if (value.textContent !== shown) value.textContent = shown;
  }
}
