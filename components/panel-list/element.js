import { at, clock, Component, cut, duration, exactTime } from "glassline";
import { say } from "glassline/words";

/** How often the list is fetched while the page is in view, ms. */
const EVERY_MS = 3000;

/** @typedef {{id?: string, user?: string, page?: string, since?: number, devices?: string[], address?: string, agent?: string}} PanelRow */

export default class PanelList extends Component {
  #fetchedAt = -Infinity;
  #isFetching = false;

  /** @param {import("glassline/component").Reason} reason */
  changed(reason) {
    // This page is in the list itself as soon as it is connected.
    if (reason === "connection") this.#fetchedAt = -Infinity;
    if (this.#isFetching || document.hidden || performance.now() - this.#fetchedAt < EVERY_MS) return;
    this.#isFetching = true;
    this.#fetchedAt = performance.now();
    this.#fetch().finally(() => {
      this.#isFetching = false;
      if (this.#fetchedAt === -Infinity) this.changed("connection");
    });
  }

  async #fetch() {
    const problem = this.part("problem");
    try {
      const response = await fetch(at("/api/panels"), { headers: { accept: "application/json" } });
      if (!response.ok) throw new Error(`the hub answered ${response.status}`);
      this.#show(await response.json());
      problem.textContent = "";
    } catch (error) {
      problem.textContent = say("panels.not-renewed", { reason: String(error instanceof Error ? error.message : error) });
    }
  }

  /** @param {PanelRow[]} panels */
  #show(panels) {
    const rows = this.part("rows");
    const template = this.part("row").content.firstElementChild;
    while (rows.children.length > panels.length) rows.lastElementChild.remove();
    while (rows.children.length < panels.length) rows.append(template.cloneNode(true));
    panels.forEach((panel, i) => fill(rows.children[i], panel));
    this.part("count").textContent = String(panels.length);
  }
}

/** The page is what a browser said of itself: only a path of this hub becomes a link. @param {Element | null} anchor @param {string} page */
function link(anchor, page) {
  if (/^\/(?!\/)[^\\\p{Cc}]*$/u.test(page)) anchor?.setAttribute("href", page);
  else anchor?.removeAttribute("href");
}

/** @param {Element} row @param {PanelRow} panel */
function fill(row, panel) {
  /** @param {string} part @param {string} content @param {string} [title] */
  const write = (part, content, title = "") => {
    const cell = /** @type {HTMLElement} */ (row.querySelector(`[data-part="${part}"]`));
    const target = cell.querySelector("a") ?? cell;
    if (target.textContent !== content) target.textContent = content;
    cell.title = title;
  };
  write("page", cut(panel.page ?? "–"));
  link(row.querySelector("a"), panel.page ?? "");
  write("user", panel.user ?? "–");
  write("devices", panel.devices?.join(", ") || "–");
  write("since", panel.since ? duration(clock.now() - panel.since) : "–", panel.since ? exactTime(panel.since) : "");
  write("from", panel.address || "–", panel.agent);
}
