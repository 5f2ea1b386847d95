import { Component, cut } from "glassline";
import { say } from "glassline/words";

export default class Json extends Component {
  connected() {
    // What is folded is not written; when it opens, it catches up.
    this.part("fold").addEventListener("toggle", () => this.#write());
  }

  /** @param {import("glassline/watch").Sample} sample */
  receive({ value }) {
    const whole = JSON.stringify(value);
    // What is short and has no members has nothing to fold.
    const isPlain = (value === null || typeof value !== "object") && cut(whole) === whole;
    this.part("plain").hidden = !isPlain;
    this.part("fold").hidden = isPlain;
    this.part("plain").textContent = isPlain ? whole : "";
    this.part("summary").textContent = summary(value, whole);
    this.#write();
  }

  #write() {
    if (this.latest && this.part("fold").open) this.part("value").textContent = JSON.stringify(this.latest.value, null, 2);
  }
}

/** @param {unknown} value @param {string} whole the value as JSON */
function summary(value, whole) {
  if (Array.isArray(value)) return value.length === 1 ? say("value.item") : say("value.items", { count: value.length });
  if (value !== null && typeof value === "object") {
    const count = Object.keys(value).length;
    return count === 1 ? say("value.member") : say("value.members", { count });
  }
  return cut(whole);
}
