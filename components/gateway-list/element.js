import { at, clock, Component, duration, exactTime, number, panel } from "glassline";
import { say } from "glassline/words";

/** How often the list is fetched while the page is in view, ms. */
const EVERY_MS = 1000;
/** From so long on what waits in a spool is told as late, ms. */
const LATE_MS = 60_000;
const UNITS = ["B", "kB", "MB", "GB", "TB"];

/**
 * @typedef {{id: string, presence: import("glassline/watch").Presence, since: number, created?: number, devices: number, address?: string | null, behind?: number, bytes?: number,
 *   oldest?: number | null, lost?: Record<string, number>}} Gateway  the one in the hub's own process has no spool
 */

export default class GatewayList extends Component {
  #fetchedAt = -Infinity;
  #isFetching = false;
  /** @type {Gateway[] | undefined} */
  #gateways;

  /** How this page reached the hub, a gateway reaches it too. */
  connected() {
    const http = location.origin + at("");
    this.part("http").textContent = http;
    this.part("ws").textContent = http.replace(/^http/, "ws");
  }

  /** @param {import("glassline/component").Reason} reason */
  changed(reason) {
    if (reason === "connection") this.#fetchedAt = -Infinity;
    if (this.#gateways) this.#show(this.#gateways);
    if (this.#isFetching || document.hidden || performance.now() - this.#fetchedAt < EVERY_MS) return;
    this.#isFetching = true;
    this.#fetchedAt = performance.now();
    this.#fetch().finally(() => (this.#isFetching = false));
  }

  async #fetch() {
    const problem = this.part("problem");
    try {
      const response = await fetch(at("/api/gateways"), { headers: { accept: "application/json" } });
      if (!response.ok) throw new Error(`the hub answered ${response.status}`);
      this.#gateways = await response.json();
      this.#show(this.#gateways ?? []);
      problem.textContent = "";
    } catch (error) {
      problem.textContent = say("panels.not-renewed", { reason: String(error instanceof Error ? error.message : error) });
    }
  }

  /** @param {Gateway[]} gateways */
  #show(gateways) {
    const rows = this.part("rows");
    const template = this.part("row").content.firstElementChild;
    while (rows.children.length > gateways.length) rows.lastElementChild.remove();
    while (rows.children.length < gateways.length) rows.append(template.cloneNode(true));
    gateways.forEach((gateway, i) => fill(rows.children[i], gateway));
    rows.hidden = gateways.length === 0;
  }
}

/** While this page does not hear the hub it knows how gateways were, not how they are. @param {HTMLElement} row @param {Gateway} gateway */
function fill(row, gateway) {
  const presence = panel.hears ? gateway.presence : "unknown";
  /** @param {string} part @param {string} content @param {string} [title] @param {string} [state] */
  const write = (part, content, title = "", state = "") => {
    const cell = /** @type {HTMLElement} */ (row.querySelector(`[data-part="${part}"]`));
    if (cell.textContent !== content) cell.textContent = content;
    if (cell.title !== title) cell.title = title;
    if ((cell.dataset.state ?? "") !== state) cell.dataset.state = state;
  };
  row.dataset.id = gateway.id;
  if (row.dataset.presence !== presence) row.dataset.presence = presence;
  write("name", gateway.id);
  write("presence", say(`presence.${presence}`));
  const isLost = gateway.presence !== "online";
  const isNew = isLost && gateway.behind !== undefined && !gateway.address;
  const since = isNew ? newcomer(gateway) : say("list.for", { time: duration(clock.now() - gateway.since) });
  write("since", since, isNew ? "" : say("list.since", { time: exactTime(gateway.since) }));
  write("address", gateway.behind === undefined ? say("gateways.here") : (gateway.address ?? ""));
  write("devices", number(gateway.devices, 0), isLost && gateway.devices > 0 ? say("gateways.devices.unreachable") : "");
  if (gateway.behind === undefined) return ["behind", "oldest", "bytes", "lost"].forEach((part) => write(part, say("value.none")));
  writeLost(write, gateway);
  if (presence !== "online") return writeSaidLast(write, gateway, isNew);
  const waits = gateway.behind > 0 && gateway.oldest ? clock.now() - gateway.oldest : 0;
  const late = waits > LATE_MS ? "late" : "";
  write("behind", number(gateway.behind, 0), "", late);
  write("oldest", gateway.behind > 0 ? duration(Math.max(waits, 0)) : say("value.none"), gateway.oldest ? exactTime(gateway.oldest) : "", late);
  write("bytes", size(gateway.bytes ?? 0));
}

/** @typedef {(part: string, content: string, title?: string, state?: string) => void} Write */

/** What a gateway is called of which this run of the hub has heard nothing. @param {Gateway} gateway */
function newcomer(gateway) {
  return say(gateway.since === gateway.created ? "gateways.never" : "gateways.not-yet");
}

/** How far behind it is now nobody knows; what it said last is no more than a hint. @param {Write} write @param {Gateway} gateway @param {boolean} isNew */
function writeSaidLast(write, gateway, isNew) {
  const time = gateway.presence === "online" ? undefined : exactTime(gateway.since);
  /** @param {string} value */
  const hint = (value) => (time ? say("gateways.said-before", { value, time }) : say("gateways.said-last", { value }));
  const { behind = 0, bytes = 0, oldest } = gateway;
  const said = { behind: number(behind, 0), oldest: behind > 0 && oldest ? exactTime(oldest) : "", bytes: size(bytes) };
  for (const [part, value] of Object.entries(said)) write(part, say("value.none"), isNew || value === "" ? "" : hint(value));
}

/** What will never come of it stays so. @param {Write} write @param {Gateway} gateway */
function writeLost(write, gateway) {
  const lost = Object.entries(gateway.lost ?? {});
  const all = lost.reduce((sum, [, count]) => sum + count, 0);
  write("lost", number(all, 0), lost.map(([reason, count]) => `${reason}: ${number(count, 0)}`).join(", "), all > 0 ? "lost" : "");
}

/** Bytes as people say them. @param {number} bytes */
function size(bytes) {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${number(value, unit === 0 || value >= 100 ? 0 : 1)} ${UNITS[unit]}`;
}
