/**
 * The pages of the gallery: the devices of their components are played here, and what is chosen is shown at once.
 */
import { behind } from "glassline/base-path";
import { bringToLife } from "glassline/kinds";
import { panel } from "glassline/panel";
import { Player } from "glassline/player";
import { pageOf } from "glassline/trusted";
import { say } from "glassline/words";

/** Changes in a row are one look at the page, ms. */
const GATHER_MS = 150;
/** Which devices a list of devices shows. */
const LISTED = [
  { id: "boiler-7", name: "Boiler, north wing", presence: "online" },
  { id: "pump-3", name: "pump-3", presence: "unreachable" },
  { id: "weather-1", name: "Weather station", presence: "offline" },
];
/** The parts of the page that depend on what is chosen. */
const ROLES = ["large", "lines", "samples"];
/** `/api/devices/ID/…` in parts. */
const OF_DEVICE = /^\/api\/devices\/([^/]+)(?:\/(.*))?$/;

/** @typedef {import("glassline/player").Script} Script */
/** @typedef {import("glassline/watch").Message} Message */

/** @type {Map<string, Player>} */
const players = new Map();

/** What components say to the hub comes here. @param {Message} message */
function told(message) {
  for (const id of message.watch ?? []) play(id);
  for (const id of message.unwatch ?? []) leave(id);
  if (message.watch_devices) queueMicrotask(() => panel.hear({ devices: LISTED.map((each) => ({ ...each, since: Date.now() - 3_600_000 })) }));
  if (typeof message.ledger === "string") players.get(message.ledger)?.books();
  const player = players.get(message.device);
  if (typeof message.command === "string") queueMicrotask(() => (player ? player.command(message) : refuse(message)));
  if (typeof message.cancel === "string") player?.cancel(message.cancel);
}

/** @param {Message} message */
function refuse({ command, device, channel }) {
  panel.hear({ command, device, channel, state: "refused", reason: say("gallery.refused") });
}

/** @param {string} id */
function play(id) {
  const script = scripts()[id];
  leave(id);
  if (!script) return queueMicrotask(() => panel.hear({ snapshot: id, cursor: 0, known: false }));
  const player = new Player(id, script, (message) => panel.hear(message));
  players.set(id, player);
  setTimeout(() => {
    if (players.get(id) !== player) return;
    player.begin();
    if (script.outcome !== "done") ask(id, script);
  });
}

/** What a device refuses can be seen at once: its controls are used. @param {string} id @param {Script} script */
function ask(id, { samples, channel }) {
  const value = samples.findLast((sample) => sample.channel === channel)?.value ?? true;
  const controls = [...document.querySelectorAll("[data-component][data-channel]")].filter((each) => each instanceof HTMLElement);
  for (const { dataset, id: component } of controls) {
    if (dataset.device !== id || dataset.direction === "output") continue;
    panel.command({ device: id, channel: dataset.channel ?? "", value, component });
  }
}

/** @param {string} id */
function leave(id) {
  players.get(id)?.end();
  players.delete(id);
  // A component that is shown anew begins without what an earlier one was told.
  for (const [command, receipt] of panel.watch.commands) if (receipt.device === id) panel.watch.commands.delete(command);
}

/** @returns {Record<string, Script>} */
function scripts() {
  const element = /** @type {HTMLElement | null} */ (document.querySelector("[data-stage]"));
  return JSON.parse(element?.dataset.stage || "{}");
}

/**
 * What a hub answers to a program that asks about a device.
 * @param {URL} url
 * @returns {any} undefined: nothing that is known here
 */
function answer({ pathname, searchParams }) {
  const [, id = "", rest = ""] = OF_DEVICE.exec(behind(pathname)) ?? [];
  const player = players.get(decodeURIComponent(id));
  const [first, channel = "", what] = rest.split("/").map(decodeURIComponent);
  if (!player) return undefined;
  if (first === "commands") return channel === "" ? player.commands : player.commands.find((command) => command.command === channel);
  if (first !== "channels") return undefined;
  const number = (/** @type {string} */ name, /** @type {number} */ or) => Number(searchParams.get(name) ?? or);
  const samples = player.history(channel, number("from", 0), number("to", Infinity));
  if (what === "spells") return spells(samples, number("limit", 1000));
  return { points: samples.map(({ ts, value }) => [ts, value]), gaps: [] };
}

/** Runs of one value. @param {import("glassline/player").Sample[]} samples @param {number} limit the newest that are wanted */
function spells(samples, limit) {
  /** @type {{value: any, first: number, last: number, count: number}[]} */
  const found = [];
  for (const { value, ts } of samples) {
    const before = found.at(-1);
    if (before && JSON.stringify(before.value) === JSON.stringify(value)) Object.assign(before, { last: ts, count: before.count + 1 });
    else found.push({ value, first: ts, last: ts, count: 1 });
  }
  return { spells: found.slice(-limit).map(({ first, last, value, count }) => [first, last, value, count]), more: found.length > limit };
}

/** @typedef {(input: string | URL | Request, init?: RequestInit) => Promise<Response>} Fetch */

/** Programs ask about devices over HTTP: that is answered here too. @param {Fetch} others takes everything else @returns {Fetch} */
function answering(others) {
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    if (url.origin !== location.origin || !behind(url.pathname).startsWith("/api/devices/")) return others(input, init);
    const body = answer(url);
    const problem = { error: { code: "not_found", reason: say("gallery.refused") } };
    return Promise.resolve(Response.json(body ?? problem, { status: body === undefined ? 404 : 200 }));
  };
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let soon;

/** What is chosen goes into the address, and what comes from there onto the page; the fields stay as they are. */
async function show() {
  const form = document.getElementById("playing");
  if (!(form instanceof HTMLFormElement)) return;
  const said = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
  history.replaceState(null, "", `${location.pathname}?${new URLSearchParams(said)}${location.hash}`);
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) throw new Error(`the hub answered ${response.status}`);
  const fresh = await pageOf(response);
  const scene = document.querySelector("[data-stage]");
  const next = fresh.querySelector("[data-stage]");
  if (!scene || !next) return location.reload();
  const [parts, news] = [document, fresh].map((page) => ROLES.map((role) => page.querySelector(`[data-role="${role}"]`)));
  const top = scrollY;
  // Those that leave are played no more before those that come are played by the new script.
  for (const part of parts) part?.replaceChildren();
  scene.replaceWith(document.importNode(next, true));
  parts.forEach((part, i) => part?.replaceChildren(...[...(news[i]?.childNodes ?? [])].map((node) => document.importNode(node, true))));
  scrollTo(scrollX, top);
  await bringToLife(document);
}

function planShow() {
  clearTimeout(soon);
  soon = setTimeout(() => show().catch((error) => console.error(say("gallery.not-renewed", { reason: String(error) }))), GATHER_MS);
}

/** Whether an event is about what is chosen, and not about a component that stands beside it. @param {Event} event */
function isChoice({ target }) {
  return target instanceof Element && target.closest('[data-role="playing"]') !== null && target.closest(".component") === null;
}

panel.stage = { told };
globalThis.fetch = answering(globalThis.fetch.bind(globalThis));
document.addEventListener("input", (event) => isChoice(event) && planShow());
document.addEventListener("submit", (event) => {
  if (!isChoice(event)) return;
  event.preventDefault();
  planShow();
});
