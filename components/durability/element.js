import { Component, panel } from "glassline";
import { say } from "glassline/words";

/** @type {Record<string, string>} */
const MEANINGS = {
  disk: say("durability.disk"),
  lazy: say("durability.lazy"),
  memory: say("durability.memory"),
};

export default class Durability extends Component {
  changed() {
    const word = panel.durability;
    if (word) this.part("meaning").textContent = MEANINGS[word] ?? word;
  }
}
