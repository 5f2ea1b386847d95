/**
 * This page as the hub sees it: one connection, what it watches, and the components that show it.
 * Changes come out of `watch.js` and are handed to the components of the device they concern.
 */
import { clock, Stopwatch } from "glassline/age";
import { at, behind } from "glassline/base-path";
import { Socket, SignedOut } from "glassline/socket";
import { wakeful } from "glassline/wake";
import { isUnderWay, Watch } from "glassline/watch";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Component} Component */
/** @typedef {import("glassline/socket").Connection} Connection */
/** @typedef {import("glassline/watch").Change} Change */
/** @typedef {import("glassline/watch").Message} Message */
/** @typedef {(change: Change) => void} Listener */
/** What takes what components ask for: it answers with messages of a hub. @typedef {{told: (message: Message) => void}} Stage */

/** How often ages and states are looked at, ms. */
const TICK_MS = 1000;
/** How long after it was rendered a page may be without a connection before what it shows counts as old, ms. */
const FIRST_MS = 3000;
/** How long the hub may take to answer a request, ms. */
const ANSWER_MS = 10_000;
/** A hub that has said nothing to a command for so long is not there, whatever its connection looks like, ms. */
const COMMAND_ANSWER_MS = 5000;
/** A hub whose storage has failed says so within this time of its welcome, ms. */
const STORAGE_MS = 1000;
/** How long a command stays valid unless its component says otherwise, ms. */
export const COMMAND_TTL_MS = 5000;

class Panel {
  watch = new Watch();
  /** @type {Connection} */
  connection = "connecting";
  /** Since when this page does not hear the hub, ms by the hub's clock; undefined while it does. @type {number | undefined} */
  lostAt = undefined;
  /** When the next attempt to connect begins, ms. @type {number | undefined} */
  retryAt = undefined;
  user = "";
  /** What the user may do. @type {string[]} */
  #scopes = [];
  /** What an ack of this hub means: `disk`, `lazy` or `memory`; empty until it has said so. */
  durability = "";
  #view = "";
  /** @type {Set<Component>} */
  #components = new Set();
  /** @type {Map<string, Set<Component>>} */
  #byDevice = new Map();
  /** @type {Set<Listener>} */
  #listeners = new Set();
  /** Who plays the devices of this page in the hub's place; nobody but on the pages of the gallery. @type {Stage | undefined} */
  stage = undefined;
  #wantsList = false;
  #started = new Stopwatch();
  #storageTold = true;
  #socket = new Socket({
    page: typeof location === "undefined" ? "/" : behind(location.pathname),
    ticket: fetchTicket,
    open: () => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${at("/panel")}`),
    welcomed: (welcome) => this.#welcomed(welcome),
    received: (message) => this.#received(message),
    changed: (state, retryAt) => this.#connectionChanged(state, retryAt),
  });

  /** @param {string} view name of the view that this page shows */
  start(view) {
    this.#view = view;
    this.#started.restart();
    this.#socket.connect();
    wakeful({
      tickMs: TICK_MS,
      tick: () => this.#tick(),
      sleeps: () => this.#socket.rest(),
      wakes: () => this.#socket.renew(),
      shows: () => (this.#socket.isSilent ? this.#socket.renew() : this.#socket.connect()),
    });
  }

  /** Whether what this page knows may be taken as "now": it hears the hub, or was rendered a moment ago. */
  get hears() {
    return this.connection === "connected" || (this.connection === "connecting" && this.#started.ms < FIRST_MS);
  }

  /** The moment up to which this page knows anything, ms by the hub's clock: now, or when its connection broke. */
  get knownUntil() {
    return this.lostAt ?? clock.now();
  }

  /** Whether the user of this page may do that, as far as the hub has said. @param {"view" | "command" | "edit" | "admin"} scope */
  may(scope) {
    return this.#scopes.includes(scope);
  }

  /** Try to connect now instead of waiting. */
  reconnect() {
    this.#socket.connect();
  }

  /** @param {Listener} listener called for every change on this page */
  listen(listener) {
    this.#listeners.add(listener);
  }

  /** The component is on the page: its device is watched from now on. @param {Component} component */
  add(component) {
    this.#components.add(component);
    const id = component.device;
    if (!id) return;
    const others = this.#byDevice.get(id);
    if (others) {
      others.add(component);
      if (this.watch.devices.get(id)?.cursor !== undefined) component.deliver({ kind: "snapshot", device: id });
      return;
    }
    this.#byDevice.set(id, new Set([component]));
    this.#tell(this.watch.ask([id]));
  }

  /** @param {Component} component */
  remove(component) {
    this.#components.delete(component);
    const id = component.device;
    const others = this.#byDevice.get(id);
    if (!others?.delete(component) || others.size > 0) return;
    this.#byDevice.delete(id);
    this.watch.devices.delete(id);
    this.#tell({ unwatch: [id] });
  }

  /** From now on the device list is kept up to date as well. */
  watchList() {
    if (this.#wantsList) return;
    this.#wantsList = true;
    this.#tell({ watch_devices: true });
  }

  /**
   * Asks a device for something. What becomes of it arrives at every component of that channel as its receipt.
   * @param {object} asked
   * @param {string} asked.device
   * @param {string} asked.channel
   * @param {unknown} asked.value
   * @param {string} asked.component id of the element
   * @param {string} [asked.intent] `now`, `latest` or `queue`
   * @param {number} [asked.ttl] ms
   */
  command({ device, channel, value, component, intent = "now", ttl = COMMAND_TTL_MS }) {
    // With its time: one that a bad line holds up is not carried out when nobody wants it any more.
    const at = Math.floor(clock.now());
    const command = { command: randomId(), device, channel, value, intent, ttl, at, view: this.#view, component };
    this.#changed(this.watch.asked(command, at));
    if (!this.#tell(command)) this.#settle(command.command, "refused", say("receipt.refused.unheard"));
    else setTimeout(() => this.#expectAnswer(command.command), COMMAND_ANSWER_MS);
  }

  /** A connection over which a command got no word is given up: what became of it is looked up over another one. @param {string} id */
  #expectAnswer(id) {
    if (this.watch.commands.get(id)?.state === "asked" && !this.stage && this.connection === "connected") this.#socket.renew();
  }

  /** Takes a command back that is no longer wanted; works until it is on its way. @param {{id: string, device: string}} command */
  cancel({ id, device }) {
    this.#tell({ cancel: id, device });
  }

  /** @param {Message} welcome @returns {Message[]} */
  #welcomed(welcome) {
    clock.set(welcome.time);
    this.user = welcome.user ?? "";
    this.#scopes = welcome.scopes ?? [];
    this.durability = welcome.durability ?? "";
    // Where this is another one than the page was made from, something was saved meanwhile.
    if (welcome.library) this.#received({ swap: { library: welcome.library } });
    // One that is not as it should be is said right behind the welcome.
    this.#received({ configuration: "holds" });
    // While its storage has failed the hub says so right behind its welcome.
    this.#storageTold = false;
    setTimeout(() => this.#storageTold || this.#received({ storage: "ok" }), STORAGE_MS);
    if (this.stage) return [];
    for (const receipt of this.watch.underWay()) this.#lookUp(receipt.device, receipt.id);
    return this.watch.resume(welcome, this.#byDevice.keys(), this.#wantsList);
  }

  /** Tells the hub that a component could not be run here: nobody is to be shown this version as a good one. @param {string} kind */
  broken(kind) {
    // A page that shows an earlier version says nothing of the present one.
    if (new URLSearchParams(location.search).has("good")) return;
    this.#tell({ broken: kind, library: document.body.dataset.library });
  }

  /** Asks the hub for the books of a device as they stand now. @param {string} device */
  askLedger(device) {
    this.#tell({ ledger: device });
  }

  /**
   * What components ask for: the hub is told, or who plays its part. Nothing is kept for later.
   * @param {Message} message
   * @returns {boolean} false: there is no connection
   */
  #tell(message) {
    if (!this.stage) return this.#socket.send(message);
    this.stage.told(message);
    return true;
  }

  /** Takes a message of whoever plays the hub's part. @param {Message} message */
  hear(message) {
    this.#received(message);
  }

  /** @param {Message} message */
  #received(message) {
    if (message.storage) this.#storageTold = true;
    if (Array.isArray(message.scopes) && !message.welcome) this.#scopes = message.scopes;
    this.#changed(this.watch.apply(message, clock.now()));
  }

  /** @param {Change[]} changes */
  #changed(changes) {
    for (const change of changes) {
      if (change.kind === "hole") this.#watchAnew(change.device);
      if (change.kind === "error") console.warn(`the hub said: ${change.code}: ${change.reason}`);
      const components = "device" in change ? this.#byDevice.get(change.device) : this.#components;
      for (const component of components ?? []) component.deliver(change);
      for (const listener of this.#listeners) listener(change);
    }
  }

  /** Something is missing that was not declared as skipped: ask for the full state. @param {string} id */
  #watchAnew(id) {
    console.warn(`entries of ${id} are missing; asking for its state again`);
    this.#tell({ unwatch: [id] });
    this.#tell({ watch: [id] });
  }

  /** @param {Connection} state @param {number} [retryAt] */
  #connectionChanged(state, retryAt) {
    this.connection = state;
    this.retryAt = retryAt;
    this.#noteHearing();
    for (const component of this.#components) component.refresh("connection");
    document.dispatchEvent(new CustomEvent("glassline:connection", { detail: state }));
  }

  /** What was heard last is what is known: a page that slept, or listened in vain, has known nothing since. */
  #noteHearing() {
    this.lostAt = this.hears ? undefined : (this.lostAt ?? clock.now() - Math.min(this.#socket.silentMs, this.#started.ms));
  }

  #tick() {
    const heard = this.lostAt === undefined;
    this.#noteHearing();
    if (heard !== (this.lostAt === undefined)) return this.#connectionChanged(this.connection, this.retryAt);
    if (document.hidden) return;
    for (const component of this.#components) component.refresh("time");
  }

  /**
   * A command was under way when the connection broke. It is looked up, never sent again: by now it may not be wanted any more.
   * @param {string} device
   * @param {string} id
   */
  async #lookUp(device, id) {
    const path = `/api/devices/${encodeURIComponent(device)}/commands/${encodeURIComponent(id)}`;
    try {
      const response = await fetch(at(path), { headers: { accept: "application/json" }, signal: AbortSignal.timeout(ANSWER_MS) });
      if (response.status === 404) return this.#settle(id, "refused", say("receipt.refused.lost"));
      if (!response.ok) throw new Error(`${response.status}`);
      const found = await response.json();
      this.#received({ device, ...found, command: id });
    } catch {
      this.#settle(id, "unknown", say("receipt.unknown.lost"));
    }
  }

  /** Settles a command without having heard of its end from the hub. @param {string} id @param {string} state @param {string} reason */
  #settle(id, state, reason) {
    const receipt = this.watch.commands.get(id);
    if (receipt && isUnderWay(receipt)) this.#received({ command: id, state, reason, guessed: true });
  }
}

/** The one panel of this page. */
export const panel = new Panel();

/** @returns {Promise<string>} */
async function fetchTicket() {
  const response = await fetch(at("/api/ticket"), { method: "POST", headers: { accept: "application/json" }, signal: AbortSignal.timeout(ANSWER_MS) });
  if (response.status === 401 || response.status === 403) throw new SignedOut("not signed in");
  if (!response.ok) throw new Error(`no ticket: ${response.status}`);
  return (await response.json()).ticket;
}

/** 128 random bits in hex. `crypto.randomUUID` is missing on pages that did not come over TLS or from this machine. */
function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
