import { age, at, clock, Component, cut, exactTime, shortTime } from "glassline";
import { word } from "glassline/receipt";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Receipt} Receipt */

/**
 * A command as `GET /api/devices/{id}/commands` lists it.
 * @typedef {{command: string, by: string, created: number, channel: string, asked: unknown, state: string, reason?: string}} Row
 */

/** Younger than this, ms, a row says how long ago; older ones say when. */
const AGE_MS = 60_000;

export default class CommandTable extends Component {
  /** Something may have been missed: the list is asked for again. */
  #isBehind = false;
  #isFetching = false;

  connected() {
    for (const row of this.part("rows").children) this.#showTime(row);
  }

  /** @param {Receipt} receipt */
  receiveReceipt(receipt) {
    // The hub has not heard of it yet.
    if (receipt.state === "asked") return;
    const known = this.#find(receipt.id, receipt.by);
    if (known) return fillOutcome(known, receipt.state, receipt.reason);
    this.#insert({
      command: receipt.id, by: receipt.by ?? "", created: receipt.way[0]?.at ?? clock.now(), channel: receipt.channel,
      asked: receipt.asked, state: receipt.state, reason: receipt.reason,
    });
  }

  /** @param {Reason} reason */
  changed(reason) {
    if (reason === "begin" || reason === "connection") this.#isBehind = true;
    // The hub has said how things stand since then: before that the device may be gone.
    const isTold = reason === "snapshot" || reason === "presence";
    if (isTold && this.#isBehind && this.deviceState?.known) this.#renew();
    if (reason === "time") for (const row of this.part("rows").children) this.#showTime(row);
  }

  async #renew() {
    if (this.#isFetching) return;
    this.#isFetching = true;
    this.#isBehind = false;
    const problem = this.part("problem");
    try {
      const path = `/api/devices/${encodeURIComponent(this.device)}/commands?limit=${this.#most}`;
      const response = await fetch(at(path), { headers: { accept: "application/json" } });
      // A device that is not there any more has no commands, and one that was not stored yet neither.
      if (!response.ok && response.status !== 404) throw new Error(say("commands.answered", { status: response.status }));
      /** @type {Row[]} */
      const rows = response.ok ? await response.json() : [];
      for (const row of rows) {
        const known = this.#find(row.command, row.by);
        if (known) fillOutcome(known, row.state, row.reason);
        else this.#insert(row);
      }
      problem.textContent = "";
    } catch (error) {
      problem.textContent = say("commands.problem", { reason: String(error instanceof Error ? error.message : error) });
    }
    this.#isFetching = false;
  }

  get #most() {
    return Math.min(100, Math.max(1, Math.floor(this.settings.rows)));
  }

  /** @param {string} id @param {string | undefined} by @returns {HTMLElement | undefined} */
  #find(id, by) {
    return [...this.part("rows").children].find((row) => row.dataset.id === id && (by === undefined || row.dataset.by === by));
  }

  /** Puts a new one in its place: the newest first. @param {Row} command */
  #insert(command) {
    const rows = this.part("rows");
    const row = this.part("row").content.firstElementChild.cloneNode(true);
    row.dataset.id = command.command;
    row.dataset.by = command.by;
    row.dataset.created = String(command.created);
    write(row, "who", command.by);
    write(row, "channel", command.channel);
    const asked = typeof command.asked === "string" ? command.asked : (JSON.stringify(command.asked) ?? "");
    write(row, "asked", cut(asked), asked);
    fillOutcome(row, command.state, command.reason);
    rows.insertBefore(row, [...rows.children].find((other) => Number(other.dataset.created) <= command.created) ?? null);
    while (rows.children.length > this.#most) rows.lastElementChild.remove();
    this.part("scroll").hidden = false;
    this.part("none").hidden = true;
    this.#showTime(row);
  }

  /** @param {HTMLElement} row */
  #showTime(row) {
    const created = Number(row.dataset.created);
    const now = clock.now();
    write(row, "when", now - created < AGE_MS ? age(created, now) : shortTime(created, now), exactTime(created));
  }
}

/** @param {HTMLElement} row @param {string} state @param {string | undefined} reason */
function fillOutcome(row, state, reason) {
  row.dataset.receipt = state;
  write(row, "outcome", word(state));
  write(row, "reason", cut(reason ?? ""), reason);
}

/** @param {HTMLElement} row @param {string} part @param {string} content @param {string} [title] */
function write(row, part, content, title = "") {
  const cell = /** @type {HTMLElement} */ (row.querySelector(`[data-part="${part}"]`));
  const target = cell.querySelector(".cut, time") ?? cell;
  if (target.textContent !== content) target.textContent = content;
  if (cell.title !== title) cell.title = title;
}
