import { Component, duration, exactTime, panel } from "glassline";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").ListEntry} ListEntry */

/** @type {Record<string, string>} */
const WORDS = { online: "Online", offline: "Offline", unreachable: "Unreachable" };

/** How long the word "Copied" stands on a button, ms. */
const COPIED_MS = 1500;

export default class DeviceList extends Component {
  /** Rows by device id. @type {Map<string, HTMLElement>} */
  #rows = new Map();

  connected() {
    for (const row of this.part("rows").children) this.#rows.set(row.dataset.id, row);
    for (const button of this.querySelectorAll("[data-copy]")) this.#makeCopy(/** @type {HTMLButtonElement} */ (button));
    panel.watchList();
  }

  /** @param {Reason} reason */
  changed(reason) {
    if (reason === "devices" || (reason === "begin" && panel.watch.list)) this.#show();
    if (reason === "connection") this.#showPresences();
    if (reason === "devices" || reason === "begin" || reason === "connection" || reason === "time") this.#showTimes();
  }

  #show() {
    const list = panel.watch.list ?? new Map();
    const rows = this.part("rows");
    for (const [id, row] of this.#rows) {
      if (list.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    for (const entry of list.values()) {
      let row = this.#rows.get(entry.id);
      if (!row) {
        row = this.#newRow(entry.id);
        this.#rows.set(entry.id, row);
        rows.insertBefore(row, [...rows.children].find((other) => other.dataset.id > entry.id) ?? null);
      }
      fill(row, entry);
    }
    this.#showJoin(list.size === 0);
  }

  /** How a device gets in: open where there is none, folded below the others. @param {boolean} isEmpty */
  #showJoin(isEmpty) {
    this.part("rows").hidden = isEmpty;
    const join = this.part("join");
    if (join.hasAttribute("data-empty") === isEmpty) return;
    join.toggleAttribute("data-empty", isEmpty);
    this.part("fold").open = isEmpty;
  }

  /** @param {string} id @returns {HTMLElement} */
  #newRow(id) {
    const row = this.part("row").content.firstElementChild.cloneNode(true);
    row.dataset.id = id;
    row.querySelector("a").href = `/devices/${encodeURIComponent(id)}`;
    return row;
  }

  /** While this page does not hear the hub it knows how devices were, not how they are. */
  #showPresences() {
    for (const entry of panel.watch.list?.values() ?? []) {
      const row = this.#rows.get(entry.id);
      if (row) fill(row, entry);
    }
  }

  #showTimes() {
    for (const entry of panel.watch.list?.values() ?? []) {
      const since = this.#rows.get(entry.id)?.querySelector('[data-part="since"]');
      if (!(since instanceof HTMLElement) || !entry.since) continue;
      const how = panel.hears ? "" : `was ${WORDS[entry.presence].toLowerCase()} `;
      since.textContent = `${how}for ${duration(panel.knownUntil - entry.since)}`;
      since.title = `since ${exactTime(entry.since)}`;
    }
  }

  /** @param {HTMLButtonElement} button */
  #makeCopy(button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.part(button.dataset.copy ?? "").textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
    });
  }
}

/** @param {HTMLElement} row @param {ListEntry} entry */
function fill(row, entry) {
  row.dataset.presence = panel.hears ? entry.presence : "unknown";
  /** @param {string} part @param {string} content */
  const write = (part, content) => {
    const found = row.querySelector(`[data-part="${part}"]`);
    if (found) found.textContent = content;
  };
  write("presence", panel.hears ? (WORDS[entry.presence] ?? entry.presence) : "Not known");
  write("name", entry.name || entry.id);
  write("id", entry.name && entry.name !== entry.id ? entry.id : "");
}
