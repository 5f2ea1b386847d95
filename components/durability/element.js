import { Component, panel } from "glassline";

/** @type {Record<string, string>} */
const MEANINGS = {
  disk: "On disk: what was acked survives a killed process and a power cut.",
  lazy: "Lazy: what was acked survives a killed process; a power cut may lose the last seconds.",
  memory: "In memory: what was acked is lost when the hub ends.",
};

export default class Durability extends Component {
  changed() {
    const word = panel.durability;
    if (word) this.part("meaning").textContent = MEANINGS[word] ?? word;
  }
}
