import { at, Component, duration, exactTime, number, panel, showLabels } from "glassline";
import { Roll } from "glassline/roll";
import { EVERYTHING, nameOf, searchOf, sift, tally, wantedOf } from "glassline/sieve";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/sieve").Wanted} Wanted */
/** @typedef {import("glassline/watch").ListEntry} ListEntry */

/** How long the word "Copied" stands on a button, ms. */
const COPIED_MS = 1500;
/** From so many devices on there is something to search. */
const SEARCHED_FROM = 8;

export default class DeviceList extends Component {
  /** @type {Wanted} */
  #wanted = EVERYTHING;
  /** @type {Roll<ListEntry> | undefined} */
  #roll;
  /** @type {import("glassline/device-dialog").DeviceDialog | undefined} */
  #dialog;
  /** Something in the list has changed, and will be looked at with the next picture. */
  #frame = 0;
  #labels = "";

  connected() {
    this.#wanted = wantedOf(location.search);
    this.#roll = new Roll(this.part("rows"), { key: (entry) => entry.id, make: () => this.#newRow(), fill });
    this.#startTools();
    for (const button of this.querySelectorAll("[data-copy]")) this.#makeCopy(/** @type {HTMLButtonElement} */ (button));
    panel.watchList();
  }

  disconnected() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#roll?.stop();
  }

  /** @param {Reason} reason */
  changed(reason) {
    if (!panel.watch.list) return;
    if (reason === "devices" || reason === "begin") this.#frame ||= requestAnimationFrame(() => this.#show());
    if (reason === "connection" || reason === "time") this.#roll?.refill();
  }

  /** A thousand changes in one frame are one look at the list. */
  #show() {
    this.#frame = 0;
    const list = panel.watch.list ?? new Map();
    const { presences, labels } = tally(list.values());
    this.#showTools(list.size, presences, labels);
    const shown = sift(list.values(), this.#wanted);
    this.part("rows").hidden = shown.length === 0;
    this.part("nothing").hidden = shown.length > 0 || list.size === 0;
    const isPart = shown.length < list.size;
    write(this.part("of"), isPart ? say("list.of", { shown: number(shown.length, 0), all: number(list.size, 0) }) : "");
    this.#roll?.take(shown);
    this.#showJoin(list.size === 0);
  }

  #startTools() {
    const [text, label, order] = [this.part("text"), this.part("label"), this.part("order")];
    [text.value, order.value] = [this.#wanted.text, this.#wanted.order];
    for (const radio of this.#presences()) radio.checked = radio.value === this.#wanted.presence;
    this.part("tools").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    this.part("tools").addEventListener("input", () => {
      const presence = this.#presences().find((radio) => radio.checked)?.value ?? "";
      this.#want({ text: text.value, label: label.value, order: order.value, presence });
    });
    this.part("show-all").addEventListener("click", () => {
      [text.value, label.value] = ["", ""];
      for (const radio of this.#presences()) radio.checked = radio.value === "";
      this.#want({ ...EVERYTHING, order: this.#wanted.order });
      text.focus();
    });
  }

  /** @returns {HTMLInputElement[]} */
  #presences() {
    return [...this.part("presences").querySelectorAll("input")];
  }

  /** The address keeps what is looked for: a link to it, and the way back, show the same. @param {Wanted} wanted */
  #want(wanted) {
    this.#wanted = wanted;
    history.replaceState(history.state, "", location.pathname + searchOf(wanted, location.search));
    this.#show();
  }

  /** @param {number} size @param {Map<string, number>} presences @param {string[]} labels */
  #showTools(size, presences, labels) {
    this.part("tools").hidden = size < SEARCHED_FROM && searchOf(this.#wanted, "") === "";
    for (const count of this.part("presences").querySelectorAll("[data-count]")) {
      const presence = count.dataset.count;
      const found = presence ? (presences.get(presence) ?? 0) : size;
      write(count, number(found, 0));
      count.closest("label").hidden = presence === "unreachable" && found === 0 && this.#wanted.presence !== presence;
    }
    const select = this.part("label");
    select.hidden = labels.length === 0;
    if (this.#labels !== labels.join(",")) {
      this.#labels = labels.join(",");
      while (select.options.length > 1) select.remove(1);
      for (const label of labels) select.add(new Option(label, label));
    }
    if (select.value !== this.#wanted.label) select.value = this.#wanted.label;
  }

  /** How a device gets in: open where there is none, folded below the others. @param {boolean} isEmpty */
  #showJoin(isEmpty) {
    const join = this.part("join");
    if (join.hasAttribute("data-empty") === isEmpty) return;
    join.toggleAttribute("data-empty", isEmpty);
    this.part("fold").open = isEmpty;
  }

  /** @returns {HTMLElement} */
  #newRow() {
    const row = this.part("row").content.firstElementChild.cloneNode(true);
    const edit = row.querySelector('[data-part="edit"]');
    edit.hidden = !panel.may("admin");
    edit.addEventListener("click", () => this.#edit(row.dataset.id));
    return row;
  }

  /** The dialog is loaded when it is wanted. @param {string} id */
  async #edit(id) {
    const { DeviceDialog } = await import("glassline/device-dialog");
    const entry = panel.watch.list?.get(id);
    this.#dialog ??= new DeviceDialog(this);
    if (entry) this.#dialog.open({ id, name: nameOf(entry), labels: entry.labels ?? [] });
  }

  /** @param {HTMLButtonElement} button */
  #makeCopy(button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.part(button.dataset.copy ?? "").textContent);
      button.textContent = say("list.copied");
      setTimeout(() => (button.textContent = say("list.copy")), COPIED_MS);
    });
  }
}

/** While this page does not hear the hub it knows how devices were, not how they are. @param {HTMLElement} row @param {ListEntry} entry */
function fill(row, entry) {
  const presence = panel.hears ? entry.presence : "unknown";
  const name = nameOf(entry);
  const part = (/** @type {string} */ of) => /** @type {HTMLElement} */ (row.querySelector(`[data-part="${of}"]`));
  if (row.dataset.id !== entry.id) {
    row.dataset.id = entry.id;
    /** @type {HTMLAnchorElement} */ (part("link")).href = at(`/devices/${encodeURIComponent(entry.id)}`);
  }
  if (row.dataset.presence !== presence) row.dataset.presence = presence;
  write(part("presence"), say(`presence.${presence}`));
  write(part("name"), name);
  write(part("id"), name === entry.id ? "" : entry.id);
  write(part("via"), entry.gateway ? say("gateways.via", { gateway: entry.gateway }) : "");
  part("edit").setAttribute("aria-label", say("list.edit", { name }));
  showLabels(part("labels"), entry.labels ?? []);
  if (!entry.since) return;
  const time = duration(panel.knownUntil - entry.since);
  const known = panel.hears ? say("list.for", { time }) : say("list.was", { presence: say(`presence.${entry.presence}`).toLowerCase(), time });
  write(part("since"), known);
  part("since").title = say("list.since", { time: exactTime(entry.since) });
}

/** @param {HTMLElement} part @param {string} content */
function write(part, content) {
  if (part.textContent !== content) part.textContent = content;
}
