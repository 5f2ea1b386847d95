// What the component does when a sample arrives. The first paint is made by template.html; from then on this keeps it up to date.
import { Component, number } from "glassline";

export default class extends Component {
  // Called for each sample. State, age and errors are shown around it without our doing anything.
  receive(sample) {
    const { min, max } = this.settings;
    const share = Math.min(1, Math.max(0, (sample.value - min) / (max - min)));
    this.part("value").textContent = number(sample.value);
    this.part("bar").setAttribute("width", String(100 * share));
  }
}
