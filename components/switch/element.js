import { Component } from "glassline";

/** Shows what the device says. What was asked for shows as pending until the device has answered. */
export default class Switch extends Component {
  /** What is the case: the channel's newest value; without any, what the device last said `done` to. @returns {boolean | undefined} */
  get #actual() {
    if (this.latest) return Boolean(this.latest.value);
    if (this.receipt?.mine && this.receipt.state === "done") return Boolean(this.receipt.asked);
    return this.#lastDone;
  }

  /** @type {boolean | undefined} */
  #lastDone = undefined;

  compose() {
    return !this.#actual;
  }

  receive() {
    this.#show();
  }

  /** @param {import("glassline/component").Reason} reason */
  changed(reason) {
    if (reason === "command" && this.receipt?.mine && this.receipt.state === "done") this.#lastDone = Boolean(this.receipt.asked);
    if (reason !== "time") this.#show();
  }

  #show() {
    const actual = this.#actual;
    const control = this.part("switch");
    control.setAttribute("aria-checked", String(actual ?? false));
    control.dataset.known = String(actual !== undefined);
    control.dataset.asked = this.busy ? (this.receipt?.asked ? "on" : "off") : "";
    this.part("value").textContent = actual === undefined ? "Not known" : actual ? this.settings.on : this.settings.off;
  }
}
