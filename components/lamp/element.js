import { Component } from "glassline";

export default class Lamp extends Component {
  /** @param {import("glassline/watch").Sample} sample */
  receive(sample) {
    const isOn = Boolean(sample.value);
    this.part("lamp").dataset.lit = isOn ? "on" : "off";
    this.part("value").textContent = isOn ? this.settings.on : this.settings.off;
  }
}
