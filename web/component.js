/**
 * The class that every component extends. It binds an element to a channel of a device and brings, for free: the state
 * with its icon and age, inputs that are disabled with the reason, receipts of commands, and a red tile for an error.
 */
import { age, clock, stateOf } from "glassline/age";
import { exactTime, humanize, text } from "glassline/format";
import { panel } from "glassline/panel";
import { line, strength, way } from "glassline/receipt";
import { awayReason, standing } from "glassline/standing";
import { showTile } from "glassline/tile";
import { isUnderWay } from "glassline/watch";

/** @typedef {import("glassline/age").State} State */
/** @typedef {import("glassline/watch").Change} Change */
/** @typedef {import("glassline/watch").ChannelDescription} ChannelDescription */
/** @typedef {import("glassline/watch").DeviceState} DeviceState */
/** @typedef {import("glassline/watch").Gap} Gap */
/** @typedef {import("glassline/watch").Latest} Latest */
/** @typedef {import("glassline/watch").Receipt} Receipt */
/** @typedef {import("glassline/watch").Sample} Sample */

/**
 * Why `changed` is called: a full state came, presence or description or the device list changed, a command of this
 * channel moved on, the page's connection changed, or a second has passed.
 * @typedef {"begin" | "snapshot" | "presence" | "describe" | "channels" | "removed" | "devices" | "command" | "sample"
 *   | "skipped" | "gap" | "ledger" | "contested" | "storage" | "connection" | "time"} Reason
 */

export class Component extends HTMLElement {
  /** The settings as the view gave them, typed, defaults filled in. @type {Record<string, any>} */
  settings = {};
  /** The newest sample of the channel; late ones never come here. @type {Latest | undefined} */
  latest = undefined;
  /** The newest command on the channel, from any panel. @type {Receipt | undefined} */
  receipt = undefined;
  #begun = false;
  #failed = false;

  // ---- for authors to override -----------------------------------------------------------------------------------

  /** The element is on the page and `settings` are there; nothing has been received. */
  connected() {}

  /** The element has left the page. */
  disconnected() {}

  /**
   * A sample of the channel is "now". By default its text goes into the part `value`.
   * @param {Sample} sample
   * @returns {void | Promise<void>}
   */
  receive(sample) {
    const part = this.find("value");
    if (part) part.textContent = text(sample.value);
  }

  /** A sample that belongs in history and is not "now". @param {Sample} _sample */
  receiveLate(_sample) {}

  /** Messages are missing for good between two samples. @param {Gap} _gap */
  receiveGap(_gap) {}

  /** A command to the device moved on; only components without a channel of their own are told. @param {Receipt} _receipt */
  receiveReceipt(_receipt) {}

  /**
   * What an input sends when it was used: called for a click on a button, a change of a field, a submitted form that
   * carries `data-send`. Return nothing to send nothing. By default what the control holds.
   * @param {Event} event
   * @returns {unknown}
   */
  compose(event) {
    return heldBy(control(event), this.settings);
  }

  /** Something other than a new sample changed. @param {Reason} _reason */
  changed(_reason) {}

  // ---- for authors to use ----------------------------------------------------------------------------------------

  get kind() {
    return this.dataset.component ?? this.localName.replace(/^gl-/, "");
  }

  get device() {
    return this.dataset.device ?? "";
  }

  get channel() {
    return this.dataset.channel ?? "";
  }

  get label() {
    return this.dataset.label || humanize(this.channel || this.kind);
  }

  /** What is known of the device; nothing before its first snapshot. @returns {DeviceState | undefined} */
  get deviceState() {
    const device = panel.watch.devices.get(this.device);
    return device?.cursor === undefined && !device?.known ? undefined : device;
  }

  /** What the device says about this channel. @returns {ChannelDescription} */
  get describe() {
    return this.deviceState?.describe[this.channel] ?? {};
  }

  /** The unit that the view gave, else the device's. */
  get unit() {
    return String(this.settings.unit || this.describe.unit || "");
  }

  /** @returns {State} */
  get state() {
    return /** @type {State} */ (this.dataset.state ?? "none");
  }

  /** Why an input of this component can not be used now; undefined if it can. @returns {string | undefined} */
  get blocked() {
    if (panel.connection === "connecting") return "Connecting";
    if (panel.connection !== "connected") return "No connection to the hub";
    const device = this.deviceState;
    if (!device) return "Connecting";
    const waits = this.settings.intent === "latest" || this.settings.intent === "queue";
    return device.presence === "online" || (waits && device.known) ? undefined : awayReason(device.presence);
  }

  /** Whether a command of this page is under way on this channel. */
  get busy() {
    return this.receipt !== undefined && this.receipt.mine && isUnderWay(this.receipt);
  }

  /**
   * `part("value")`: the element that the template marked `data-part="value"`. It stands in for the platform's list of
   * shadow parts, which an element without a shadow tree has no use for; hence the loose type.
   * @returns {any}
   */
  get part() {
    return (/** @type {string} */ name) => {
      const found = this.find(name);
      if (!found) throw new Error(`the template has no data-part="${name}"`);
      return found;
    };
  }

  /** The same, or null. @param {string} name @returns {HTMLElement | null} */
  find(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  /**
   * Sends a value to the channel as a command. Its receipt arrives by itself.
   * @param {unknown} value
   * @param {{intent?: "now" | "latest" | "queue", ttl?: number}} [options] `ttl` in ms; the settings of these names if not given
   */
  send(value, options = {}) {
    if (this.busy) return;
    const { intent, ttl } = { ...this.settings, ...options };
    panel.command({ device: this.device, channel: this.channel, value, component: this.id, intent, ttl });
  }

  // ---- the machinery ---------------------------------------------------------------------------------------------

  connectedCallback() {
    if (this.#failed) return;
    this.#guard(() => this.#begin());
    if (this.#failed) return;
    panel.add(this);
    this.refresh("begin");
  }

  disconnectedCallback() {
    panel.remove(this);
    if (!this.#failed) this.#guard(() => this.disconnected());
  }

  #begin() {
    if (!this.#begun) {
      this.#begun = true;
      this.settings = JSON.parse(this.dataset.settings || "{}");
      const { value, ts } = this.dataset;
      if (value !== undefined && ts !== undefined) this.latest = { value: JSON.parse(value), ts: Number(ts) };
      this.receipt = panel.watch.receipt(this.device, this.channel);
      for (const type of ["click", "change", "submit"]) this.addEventListener(type, (event) => this.#used(event));
    }
    this.connected();
  }

  /** Takes one change that concerns this component's device. @param {Change} change */
  deliver(change) {
    if (this.#failed) return;
    switch (change.kind) {
      case "snapshot":
        this.#takeLatest();
        return this.refresh("snapshot");
      case "sample":
        if (change.sample.channel === this.channel) this.#takeSample(change.sample);
        else if (!this.channel) this.refresh("sample");
        return;
      case "gap":
        this.#guard(() => this.receiveGap(change.gap));
        if (!this.channel) this.refresh("gap");
        return;
      case "command":
        if (!this.channel) return this.#guard(() => this.receiveReceipt(change.receipt));
        if (change.receipt.channel !== this.channel) return;
        this.receipt = change.receipt;
        return this.refresh("command");
      case "hole":
      case "error":
        return;
      default:
        return this.refresh(change.kind);
    }
  }

  /** Looks again at everything that depends on time, presence and connection. @param {Reason} reason */
  refresh(reason) {
    if (this.#failed) return;
    this.#showState();
    this.#showReceipt();
    this.#showBlocked();
    this.#guard(() => this.changed(reason));
  }

  /** Replaces the component by a red tile. @param {unknown} error */
  fail(error) {
    if (this.#failed) return;
    this.#failed = true;
    showTile(this, this.kind, error);
  }

  #takeLatest() {
    const latest = this.deviceState?.channels.get(this.channel);
    if (!latest) {
      this.latest = undefined;
      return;
    }
    this.#take(latest);
    this.#guard(() => this.receive({ channel: this.channel, value: latest.value, ts: latest.ts, late: false }));
  }

  /** @param {Sample} sample */
  #takeSample(sample) {
    if (sample.late) return this.#guard(() => this.receiveLate(sample));
    this.#take(this.deviceState?.channels.get(this.channel) ?? sample);
    this.#guard(() => this.receive(sample));
    this.refresh("sample");
  }

  /** @param {Latest} latest */
  #take(latest) {
    this.latest = latest;
    set(this, "value", JSON.stringify(latest.value));
    set(this, "ts", String(latest.ts));
  }

  /** @param {Event} event */
  #used(event) {
    const sender = event.target instanceof Element ? event.target.closest("[data-send]") : null;
    if (!sender || !this.contains(sender) || sender.matches(":disabled")) return;
    const expected = sender instanceof HTMLFormElement ? "submit" : sender instanceof HTMLButtonElement ? "click" : "change";
    if (event.type === "submit") event.preventDefault();
    if (event.type !== expected || this.busy || this.blocked) return;
    this.#guard(() => {
      const value = this.compose(event);
      if (value !== undefined) this.send(value);
    });
  }

  #showState() {
    const device = this.deviceState;
    const presence = device?.presence ?? this.dataset.presence;
    const connected = panel.hears;
    const every = this.latest?.every ?? this.describe.every;
    const state = stateOf({ ts: this.latest?.ts, every, presence, connected, now: clock.now() });
    set(this, "state", state);
    // What was the case when the connection broke may be so no longer.
    if (presence) set(this, "presence", connected ? presence : "unknown");
    const part = this.find("state");
    if (!part) return;
    const { direction = "" } = this.dataset;
    const old = this.latest ? clock.now() - this.latest.ts : undefined;
    const isRegular = this.describe.every !== undefined;
    const shown = standing({ state, presence, direction, blocked: this.blocked, hears: connected, age: old, isRegular });
    set(part, "shows", shown.as);
    write(this.find("state-text"), shown.word);
    if (part.title !== shown.reason) part.title = shown.reason;
    this.#showAge();
  }

  #showAge() {
    const part = /** @type {HTMLTimeElement | null} */ (this.find("age"));
    if (!part) return;
    if (!this.latest) return write(part, "");
    const iso = new Date(this.latest.ts).toISOString();
    write(part, age(this.latest.ts, clock.now()));
    if (part.dateTime === iso && part.title) return;
    part.dateTime = iso;
    part.title = exactTime(this.latest.ts);
  }

  #showReceipt() {
    const part = this.find("receipt");
    if (!part) return;
    const receipt = this.receipt;
    const shown = receipt ? strength(receipt, clock.now()) : "over";
    if (!receipt || shown === "over") {
      delete this.dataset.receipt;
      return write(part, "");
    }
    set(this, "receipt", receipt.state);
    part.classList.toggle("faded", shown === "faded");
    write(part, line(receipt));
    part.title = way(receipt);
  }

  /** Disabled with the reason when the device is gone; busy, but still in the tab order, while a command is under way. */
  #showBlocked() {
    if (this.dataset.direction === "output") return;
    const blocked = this.blocked;
    for (const sender of this.querySelectorAll("[data-send]")) {
      if (this.busy) sender.setAttribute("aria-disabled", "true");
      else sender.removeAttribute("aria-disabled");
      const controls = sender instanceof HTMLFormElement ? [...sender.elements] : [sender];
      for (const each of controls) {
        each.toggleAttribute("disabled", blocked !== undefined);
        /** @type {HTMLElement} */ (each).title = blocked ?? "";
      }
    }
    this.toggleAttribute("data-busy", this.busy);
  }

  /** @param {() => unknown} step */
  #guard(step) {
    try {
      const result = step();
      if (result instanceof Promise) result.catch((error) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }
}

/** The control that an event is about. @param {Event} event */
function control(event) {
  const target = /** @type {Element} */ (event.target);
  return target.closest("[data-send]") ?? target;
}

/**
 * What a control holds.
 * @param {Element} from
 * @param {Record<string, any>} settings
 * @returns {unknown}
 */
function heldBy(from, settings) {
  if (from instanceof HTMLFormElement) return heldBy(from.elements[0], settings);
  if (from instanceof HTMLInputElement) {
    if (from.type === "checkbox") return from.checked;
    if (from.type !== "number" && from.type !== "range") return from.value;
    return Number.isFinite(from.valueAsNumber) ? from.valueAsNumber : undefined;
  }
  if (from instanceof HTMLSelectElement || from instanceof HTMLTextAreaElement) return from.value;
  return settings.sends ?? true;
}

/** Touches the document only when something differs. @param {HTMLElement | null} element @param {string} content */
function write(element, content) {
  if (element && element.textContent !== content) element.textContent = content;
}

/** @param {HTMLElement} element @param {string} name @param {string} value */
function set(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}
