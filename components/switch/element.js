import { Component } from "glassline";
import { say } from "glassline/words";

/** Shows what the device says. What was asked for and is not known to be so is drawn apart: an outline, and a word. */
export default class Switch extends Component {
  compose() {
    return !this.actual;
  }

  receive() {
    this.#show();
  }

  changed() {
    this.#show();
  }

  #show() {
    const { actual, asked } = this;
    const isKnown = actual !== undefined && actual !== null;
    const control = this.part("switch");
    control.setAttribute("aria-checked", String(Boolean(actual)));
    control.dataset.known = String(isKnown);
    control.dataset.asked = asked ? (asked.value ? "on" : "off") : "";
    control.dataset.why = asked?.why ?? "";
    write(this.part("value"), isKnown ? this.#word(actual) : say("value.unknown"));
    const part = this.part("asked");
    part.dataset.why = asked?.why ?? "";
    part.title = asked ? say(`asked.${asked.why}.title`) : "";
    write(part, asked ? say(`asked.${asked.why}`, { value: this.#word(asked.value) }) : "");
  }

  /** @param {unknown} value */
  #word(value) {
    return value ? this.settings.on : this.settings.off;
  }
}

/** @param {HTMLElement} element @param {string} content */
function write(element, content) {
  if (element.textContent !== content) element.textContent = content;
}
