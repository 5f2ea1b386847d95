/**
 * The legend of a chart: for each channel its stroke, its name and its value now or below the cross-hair. Pressing a name takes
 * its line out of the drawing and back.
 */

/** Colours and marks: a channel has one of each, and no two channels the same pair. */
const COLOURS = 5;

/** A shape that a line bears now and then, so that it is known without its colour: an outline within ±1. @type {readonly (readonly [number, number][])[]} */
export const MARKS = [
  Array.from({ length: 12 }, (_, i) => /** @type {[number, number]} */ ([Math.cos((i * Math.PI) / 6), Math.sin((i * Math.PI) / 6)])),
  [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
  [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  [[0, 1.2], [1.1, -0.8], [-1.1, -0.8]],
];

/** What the line of a channel looks like. @param {number} index of the channel @returns {{colour: string, mark: number}} a colour variable; an index of `MARKS` */
export function lookOf(index) {
  const colour = index % COLOURS;
  return { colour: `--series-${colour + 1}`, mark: (colour + 2 * Math.floor(index / COLOURS)) % MARKS.length };
}

/**
 * What stands beside a channel's name; `at`: the time of the value, where that is not now.
 * @typedef {{value: string, age: string, state: string, title: string, at?: string}} Entry
 */

export class Legend {
  #items;

  /**
   * @param {HTMLElement} list as the template has it: an item for each channel, in their order
   * @param {(index: number, isShown: boolean) => void} toggled
   * @param {AbortSignal} signal ends it
   */
  constructor(list, toggled, signal) {
    this.#items = [...list.children].map((item, index) => {
      const { colour, mark } = lookOf(index);
      const stroke = /** @type {SVGElement} */ (item.querySelector(".stroke"));
      stroke.style.color = `var(${colour})`;
      stroke.querySelector("path")?.setAttribute("d", outline(mark));
      const button = /** @type {HTMLButtonElement} */ (item.querySelector("button"));
      const toggle = () => {
        const isShown = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(isShown));
        toggled(index, isShown);
      };
      button.addEventListener("click", toggle, { signal });
      return { item: /** @type {HTMLElement} */ (item), value: part(item, "figure"), age: part(item, "old"), name: button.innerText.trim() };
    });
  }

  /** The names of the channels, as they are read. */
  get names() {
    return this.#items.map(({ name }) => name);
  }

  /** @param {number} index @param {Entry} entry */
  show(index, { value, age, state, title }) {
    const found = this.#items[index];
    if (!found) return;
    if (found.value.textContent !== value) found.value.textContent = value;
    if (found.age.textContent !== age) found.age.textContent = age;
    if (found.item.dataset.is !== state) found.item.dataset.is = state;
    if (found.item.title !== title) found.item.title = title;
  }
}

/** @param {Element} item @param {string} name */
function part(item, name) {
  return /** @type {HTMLElement} */ (item.querySelector(`.${name}`));
}

/** A mark in the middle of a box of 24 by 10, as SVG path data. @param {number} mark */
function outline(mark) {
  return `M${MARKS[mark].map(([x, y]) => `${12 + x * 3.2} ${5 + y * 3.2}`).join("L")}Z`;
}
