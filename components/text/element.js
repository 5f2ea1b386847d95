import { Component, wholeText } from "glassline";

export default class Text extends Component {
  /** All of it: its place is of a fixed height and scrolls. @param {import("glassline/watch").Sample} sample */
  receive(sample) {
    const part = this.part("value");
    const said = wholeText(sample.value);
    if (part.textContent !== said) part.textContent = said;
  }
}
