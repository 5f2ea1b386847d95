import { Component, cut, wholeText } from "glassline";
import { say } from "glassline/words";

/** Choices beyond these are not offered. */
const CHOICES_MAX = 100;
/** Up to so many choices ... */
const BUTTONS_MAX = 4;
/** ... of so many letters in all have buttons of their own. */
const LETTERS_MAX = 28;
/** The longest word for a value, in characters. */
const WORD_MAX = 200;
/** After these what was chosen is still wanted, as far as anybody knows: nothing of it ran. */
const NEVER_RAN = new Set(["refused", "expired", "cancelled"]);

/** @typedef {{value: unknown, text: string, word: string}} Choice  `text` is the value as JSON */

/** The word above is what the device has. A list asks for nothing by being gone through: that is what its button is for. */
export default class Select extends Component {
  /** @type {Choice[]} */
  #choices = [];
  /** What is on the page, as text: it is built anew only when that changes. */
  #built = "";
  /** The command that the list holds the value of. @type {string | undefined} */
  #sent = undefined;

  connected() {
    this.#build();
  }

  receive() {
    this.#show();
  }

  /** @param {Event} event */
  compose(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    const index = event.type === "click" ? button?.dataset.index : this.part("list").value;
    return index === undefined || index === "" ? undefined : this.#choices[Number(index)]?.value;
  }

  /** @param {import("glassline/component").Reason} reason */
  changed(reason) {
    if (reason === "snapshot" || reason === "describe") this.#build();
    if (reason === "command") this.#settle();
    this.#show();
  }

  /** What was asked for and has come to an end is not asked for a second time by accident. */
  #settle() {
    const { receipt } = this;
    if (this.busy) this.#sent = receipt?.id;
    if (this.busy || !this.#sent || receipt?.id !== this.#sent) return;
    this.#sent = undefined;
    if (!NEVER_RAN.has(receipt.state)) this.part("list").value = "";
  }

  /** Offers what the view gives, or the device says. */
  #build() {
    const { choices } = this.settings;
    const given = Array.isArray(choices) && choices.length > 0 ? choices : this.describe.choices;
    this.#choices = (Array.isArray(given) ? given : []).slice(0, CHOICES_MAX).map(choice);
    const text = JSON.stringify(this.#choices);
    if (text === this.#built) return;
    this.#built = text;
    const letters = this.#choices.reduce((sum, { word }) => sum + word.length, 0);
    const isFew = this.#choices.length <= BUTTONS_MAX && letters <= LETTERS_MAX;
    const { look } = this.settings;
    const hasButtons = look === "buttons" || (look === "auto" && isFew);
    const buttons = this.part("buttons");
    buttons.hidden = !hasButtons;
    this.part("form").hidden = hasButtons;
    // Rendered like this already, as a rule: then the focus stays where it is.
    match(buttons, hasButtons ? this.#choices : [], 0, () => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.send = "";
      button.disabled = true;
      return button;
    });
    match(this.part("list"), hasButtons ? [] : this.#choices, 1, () => document.createElement("option"));
  }

  #show() {
    const { actual, asked } = this;
    const text = JSON.stringify(actual);
    const asking = asked ? JSON.stringify(asked.value) : undefined;
    for (const button of this.part("buttons").children) {
      const { text: own } = this.#choices[Number(button.dataset.index)] ?? {};
      const pressed = String(own === text);
      if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
      button.toggleAttribute("data-asked", asking !== undefined && own === asking);
    }
    const shown = actual === undefined || actual === null ? say("value.unknown") : this.#word(actual);
    if (this.part("value").textContent !== shown) this.part("value").textContent = shown;
    const part = this.part("asked");
    const said = asked ? say(`asked.${asked.why}`, { value: this.#word(asked.value) }) : "";
    part.dataset.why = asked?.why ?? "";
    part.title = asked ? say(`asked.${asked.why}.title`) : "";
    if (part.textContent !== said) part.textContent = said;
  }

  /** @param {unknown} value */
  #word(value) {
    const text = JSON.stringify(value);
    return this.#choices.find((choice) => choice.text === text)?.word ?? cut(wholeText(value), WORD_MAX);
  }
}

/** A choice as a view or a device gives it: a value, or one with a word for it. @param {unknown} given @returns {Choice} */
function choice(given) {
  const isLabelled = given !== null && typeof given === "object" && "value" in given;
  const value = isLabelled ? given.value : given;
  const label = isLabelled && "label" in given && typeof given.label === "string" ? given.label : wholeText(value);
  return { value, text: JSON.stringify(value), word: cut(label, WORD_MAX) };
}

/**
 * As many children as choices, behind the first few, each with its word.
 * @param {HTMLElement} parent
 * @param {Choice[]} choices
 * @param {number} skip how many children are no choices
 * @param {() => HTMLElement} make
 */
function match(parent, choices, skip, make) {
  choices.forEach(({ word }, i) => {
    const child = /** @type {HTMLElement} */ (parent.children[i + skip] ?? parent.appendChild(make()));
    if (child.textContent !== word) child.textContent = word;
    if (child instanceof HTMLOptionElement) child.value = String(i);
    else child.dataset.index = String(i);
  });
  while (parent.children.length > choices.length + skip) parent.lastElementChild?.remove();
}
