import { Component, text } from "glassline";

export default class Json extends Component {
  connected() {
    // What is folded is not written; when it opens, it catches up.
    this.part("fold").addEventListener("toggle", () => this.#write());
  }

  /** @param {import("glassline/watch").Sample} sample */
  receive(sample) {
    this.part("summary").textContent = summary(sample.value);
    this.#write();
  }

  #write() {
    if (this.latest && this.part("fold").open) this.part("value").textContent = JSON.stringify(this.latest.value, null, 2);
  }
}

/** @param {unknown} value */
function summary(value) {
  if (Array.isArray(value)) return `List · ${count(value.length, "item")}`;
  if (value !== null && typeof value === "object") return `Object · ${count(Object.keys(value).length, "member")}`;
  return text(value);
}

/** @param {number} n @param {string} noun */
function count(n, noun) {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
