/**
 * A long list of which only the rows in view are in the document. All rows have the same height, which the style says; each
 * is placed by its number, so that the list is as long as all of it.
 */

/** Rows above and below those in view that are there as well: for the next turn of the wheel, and the next Tab. */
const BEYOND = 8;

/**
 * @template T
 * @typedef {object} Rows
 * @property {(item: T) => string} key what tells one from another
 * @property {() => HTMLElement} make an empty row
 * @property {(row: HTMLElement, item: T) => void} fill called for each row in view, whenever it may have changed
 */

/** @template T */
export class Roll {
  #list;
  #rows;
  /** @type {T[]} */
  #items = [];
  /** The rows that are in the document, by key. @type {Map<string, HTMLElement>} */
  #shown = new Map();
  #frame = 0;
  #look = () => {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show();
    });
  };

  /** @param {HTMLElement} list @param {Rows<T>} rows */
  constructor(list, rows) {
    this.#list = list;
    this.#rows = rows;
    // Scrolling does not bubble: whatever scrolls around the list is heard on its way down.
    addEventListener("scroll", this.#look, { capture: true, passive: true });
    addEventListener("resize", this.#look);
  }

  /** Takes the list over: what stood in it goes. @param {T[]} items */
  take(items) {
    if (!this.#list.hasAttribute("data-rolling")) {
      this.#list.replaceChildren();
      this.#list.toggleAttribute("data-rolling", true);
    }
    this.#items = items;
    this.#show();
  }

  /** Fills the rows in view again. */
  refill() {
    this.#show();
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    removeEventListener("scroll", this.#look, { capture: true });
    removeEventListener("resize", this.#look);
  }

  #show() {
    const list = this.#list;
    if (!list.isConnected || !list.hasAttribute("data-rolling")) return;
    const items = this.#items;
    list.style.setProperty("--rows", String(items.length));
    const height = list.getBoundingClientRect().height / Math.max(1, items.length);
    const top = list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / height) - BEYOND);
    const end = Math.min(items.length, Math.ceil((innerHeight - top) / height) + BEYOND);
    const wanted = height > 0 ? items.slice(first, end) : [];
    this.#drop(new Set(wanted.map(this.#rows.key)));
    wanted.forEach((item, i) => this.#place(item, first + i, i));
  }

  /** Rows that are out of view go, but for one with the focus, which would be lost. @param {Set<string>} wanted */
  #drop(wanted) {
    for (const [key, row] of this.#shown) {
      if (wanted.has(key) || (row.contains(document.activeElement) && this.#items.some((item) => this.#rows.key(item) === key))) continue;
      row.remove();
      this.#shown.delete(key);
    }
  }

  /** @param {T} item @param {number} number in all of the list @param {number} place among the rows that are there */
  #place(item, number, place) {
    const key = this.#rows.key(item);
    let row = this.#shown.get(key);
    if (!row) {
      row = this.#rows.make();
      this.#shown.set(key, row);
    }
    const children = this.#list.children;
    // What has the focus would lose it by being moved: then the others are.
    while (row.contains(document.activeElement) && children[place] && children[place] !== row) this.#list.append(children[place]);
    if (children[place] !== row) this.#list.insertBefore(row, children[place] ?? null);
    row.style.setProperty("--row", String(number));
    row.setAttribute("aria-posinset", String(number + 1));
    row.setAttribute("aria-setsize", String(this.#items.length));
    this.#rows.fill(row, item);
  }
}
