/**
 * The recorded gaps of a chart: hatched bands over its drawing, and the same in words below it.
 */
import { clock } from "glassline/age";
import { shortTime } from "glassline/format";
import { bands, endOf, label, words } from "glassline/losses";
import { say } from "glassline/words";

/** Most gaps that are listed below the drawing, the newest. */
const LISTED_MAX = 20;

/** @typedef {import("glassline/component").Component} Component */
/** @typedef {import("glassline/losses").Band} Band */
/** @typedef {import("glassline/losses").Loss} Loss */

export class LossBands {
  /** From left to right. @type {Band[]} */
  bands = [];
  #component;
  #over;
  #read;
  /** @type {HTMLElement[]} */
  #elements = [];
  /** The band below the pointer, or the one with the focus. @type {HTMLElement | undefined} */
  #pointedAt;

  /**
   * @param {Component} component whose template has the list
   * @param {HTMLElement} over the drawing
   * @param {(said: string) => void} read called with the words of a band that is pointed at
   */
  constructor(component, over, read) {
    this.#component = component;
    this.#over = over;
    this.#read = read;
  }

  get isPointedAt() {
    return this.#pointedAt !== undefined;
  }

  /** @param {readonly Loss[]} losses @param {{from: number, to: number}} window ms */
  show(losses, { from, to }) {
    this.bands = bands([...losses], { from, to, width: this.#over.clientWidth });
    while (this.#elements.length > this.bands.length) this.#drop(this.#elements.pop());
    while (this.#elements.length < this.bands.length) this.#elements.push(this.#newBand());
    this.bands.forEach((band, i) => fillBand(this.#elements[i], band));
    this.#list(losses.filter((loss) => endOf(loss) >= from && loss.from <= to));
  }

  /** @param {HTMLElement | undefined} element */
  #drop(element) {
    if (element === this.#pointedAt) this.#pointedAt = undefined;
    element?.remove();
  }

  /** @returns {HTMLElement} */
  #newBand() {
    const band = document.createElement("div");
    band.className = "lost";
    band.tabIndex = 0;
    band.setAttribute("role", "img");
    band.append(document.createElement("span"));
    const show = () => {
      this.#pointedAt = band;
      this.#read(band.getAttribute("aria-label") ?? "");
    };
    const hide = () => {
      if (this.#pointedAt === band) this.#pointedAt = undefined;
    };
    for (const type of ["pointerenter", "focus"]) band.addEventListener(type, show);
    for (const type of ["pointerleave", "blur"]) band.addEventListener(type, hide);
    this.#over.append(band);
    return band;
  }

  /** The same for those who do not point at it, the newest first. @param {readonly Loss[]} losses */
  #list(losses) {
    const component = this.#component;
    component.part("losses").toggleAttribute("data-empty", losses.length === 0);
    const said = losses.length === 0 ? "" : words([...losses]);
    const summary = component.part("losses-summary");
    if (summary.textContent !== said) summary.textContent = said;
    const lines = losses.slice(-LISTED_MAX).reverse().map(lossLine);
    const list = component.part("losses-list");
    while (list.children.length > lines.length) list.lastElementChild.remove();
    while (list.children.length < lines.length) list.append(document.createElement("li"));
    lines.forEach((line, i) => {
      if (list.children[i].textContent !== line) list.children[i].textContent = line;
    });
  }
}

/** @param {HTMLElement} element @param {Band} band */
function fillBand(element, band) {
  const { style } = element;
  style.left = `${band.left}px`;
  style.width = `${band.width}px`;
  const from = band.losses[0].from;
  const to = Math.max(...band.losses.map(endOf));
  const said = `${words(band.losses)} · ${between(from, to)}`;
  if (element.title !== said) {
    element.title = said;
    element.setAttribute("aria-label", said);
  }
  const short = /** @type {HTMLElement} */ (element.firstElementChild);
  const shown = label(band);
  if (short.textContent !== shown) short.textContent = shown;
}

/** @param {number} from @param {number} to ms */
function between(from, to) {
  const [begin, end] = [shortTime(from, clock.now()), shortTime(to, clock.now())];
  return begin === end ? begin : say("chart.window", { from: begin, to: end });
}

/** @param {Loss} loss */
function lossLine(loss) {
  return `${between(loss.from, endOf(loss))}: ${words([loss])}`;
}
