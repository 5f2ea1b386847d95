import { age, alarmText, beyond, clock, Component, decimals, exactTime, humanize, limitsOf, number, panel, text } from "glassline";
import { stateOf } from "glassline/age";
import { standing } from "glassline/standing";

/** @typedef {import("glassline/component").Reason} Reason */

/** The most rows; a device may have more channels than a page should show. */
const ROWS_MAX = 500;

export default class Table extends Component {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** The most decimals that each channel has needed: figures stay below each other. @type {Map<string, number>} */
  #digits = new Map();
  #isPlanned = false;

  connected() {
    for (const row of this.part("rows").children) this.#rows.set(row.dataset.channel, row);
  }

  receive() {
    this.#plan();
  }

  /** @param {Reason} _reason */
  changed(_reason) {
    this.#plan();
  }

  /** However fast values come, it is drawn once per frame. */
  #plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      if (this.isConnected && this.deviceState) this.#draw();
    });
  }

  /** The channels that are shown: the chosen ones, else those that are described in the device's order, then the others by name. @returns {string[]} */
  get #wanted() {
    if (this.settings.channels?.length > 0) return this.settings.channels.map(String);
    const known = this.deviceState?.channels ?? new Map();
    const described = Object.keys(this.deviceState?.describe ?? {}).filter((name) => known.has(name));
    const others = [...known.keys()].filter((name) => !described.includes(name)).sort();
    return [...described, ...others].slice(0, ROWS_MAX);
  }

  #draw() {
    const wanted = this.#wanted;
    for (const [channel, row] of this.#rows) {
      if (wanted.includes(channel)) continue;
      row.remove();
      this.#rows.delete(channel);
    }
    const rows = this.part("rows");
    wanted.forEach((channel, i) => {
      let row = this.#rows.get(channel);
      if (!row) {
        row = /** @type {HTMLElement} */ (this.part("row").content.firstElementChild.cloneNode(true));
        row.dataset.channel = channel;
        this.#rows.set(channel, row);
      }
      if (rows.children[i] !== row) rows.insertBefore(row, rows.children[i] ?? null);
      this.#fill(row, channel);
    });
    this.part("scroll").hidden = wanted.length === 0;
    this.part("none").hidden = wanted.length > 0;
  }

  /** @param {HTMLElement} row @param {string} channel */
  #fill(row, channel) {
    const describe = this.describeOf(channel);
    const latest = this.deviceState?.channels.get(channel);
    const value = latest?.value;
    const unit = String(describe.unit ?? "");
    const found = beyond(value, limitsOf({}, describe));
    const shown = typeof value === "number" ? number(value, this.#digitsOf(channel, value)) : text(value);
    write(row, "name", String(describe.label ?? humanize(channel)), channel);
    write(row, "value", shown, typeof value === "number" ? "" : shown);
    write(row, "unit", value === undefined ? "" : unit);
    write(row, "beyond", alarmText(found, unit));
    if (row.dataset.level !== (found?.level ?? "")) row.dataset.level = found?.level ?? "";
    this.#showState(row, latest, describe);
  }

  /** @param {HTMLElement} row @param {import("glassline/watch").Latest | undefined} latest @param {import("glassline/watch").ChannelDescription} describe */
  #showState(row, latest, describe) {
    const now = clock.now();
    const presence = this.deviceState?.presence;
    const state = stateOf({ ts: latest?.ts, every: latest?.every ?? describe.every, presence, connected: panel.hears, now });
    const old = latest ? now - latest.ts : undefined;
    const said = standing({ state, presence, direction: "output", blocked: undefined, hears: panel.hears, age: old, isRegular: (latest?.every ?? describe.every) !== undefined });
    const part = /** @type {HTMLElement} */ (row.querySelector('[data-part="row-state"]'));
    if (part.dataset.shows !== said.as) part.dataset.shows = said.as;
    if (row.dataset.shows !== said.as) row.dataset.shows = said.as;
    const word = part.querySelector(".word");
    if (word && word.textContent !== said.word) word.textContent = said.word;
    write(row, "row-age", latest ? age(latest.ts, now) : "", latest ? exactTime(latest.ts) : "");
  }

  /** @param {string} channel @param {number} value */
  #digitsOf(channel, value) {
    const digits = Math.max(this.#digits.get(channel) ?? 0, decimals(value));
    this.#digits.set(channel, digits);
    return digits;
  }
}

/** @param {HTMLElement} row @param {string} part @param {string} content @param {string} [title] */
function write(row, part, content, title = "") {
  const found = /** @type {HTMLElement} */ (row.querySelector(`[data-part="${part}"]`));
  if (found.textContent !== content) found.textContent = content;
  if (found.title !== title) found.title = title;
}
