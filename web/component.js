/**
 * The class that every component extends. It binds an element to a channel of a device and brings, for free: the state
 * with its icon and age, inputs that are disabled with the reason, receipts of commands, and a red tile for an error.
 */
import { clock } from "glassline/age";
import { askedFor, keepsBusy } from "glassline/asking";
import { Controls, controlOf, heldBy } from "glassline/controls";
import { AdoptedElement } from "glassline/element";
import { showReceipt, showState } from "glassline/foot";
import { humanize, text } from "glassline/format";
import { panel } from "glassline/panel";
import { awayReason } from "glassline/standing";
import { showTile } from "glassline/tile";
import { isUnderWay } from "glassline/watch";
import { say } from "glassline/words";

/** @typedef {import("glassline/age").State} State */
/** @typedef {import("glassline/asking").Asked} Asked */
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
 * @typedef {"begin" | "snapshot" | "presence" | "describe" | "rhythm" | "channels" | "removed" | "devices" | "command" | "sample"
 *   | "skipped" | "gap" | "rights" | "scopes" | "ledger" | "contested" | "rhythm" | "storage" | "connection" | "time"} Reason
 */

export class Component extends AdoptedElement {
  /** The settings as the view gave them, typed, defaults filled in. @type {Record<string, any>} */
  settings = {};
  /** The newest sample of the channel; late ones never come here. @type {Latest | undefined} */
  latest = undefined;
  /** The command on the channel that there is news of, from any panel; one of this page while it is under way. @type {Receipt | undefined} */
  receipt = undefined;
  /** The newest command of this page on the channel. @type {Receipt | undefined} */
  #own = undefined;
  /** What was last done on the channel, as far as this page has seen. @type {unknown} */
  #done = undefined;
  /** @type {Controls | undefined} */
  #controls = undefined;
  #begun = false;
  #failed = false;

  // ---- for authors to override -----------------------------------------------------------------------------------

  /** The element is on the page and `settings` are there; nothing has been received. */
  connected() {}

  /** The element has left the page. */
  disconnected() {}

  /**
   * A sample of a bound channel is "now"; `sample.channel` says of which. By default its text goes into the part `value`.
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
    return heldBy(controlOf(event), this.settings);
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

  /** The channel it is about: the one whose value, unit and receipts it has. The first one where it is bound to several. */
  get channel() {
    return this.dataset.channel || this.channels[0] || "";
  }

  /** Every channel whose samples come to `receive`: those of the setting `channels`, else the one it is about. @returns {string[]} */
  get channels() {
    const { channels } = this.settings;
    if (Array.isArray(channels) && channels.length > 0) return channels.map(String);
    return this.dataset.channel ? [this.dataset.channel] : [];
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
    return this.describeOf(this.channel);
  }

  /** The same of any channel. @param {string} channel @returns {ChannelDescription} */
  describeOf(channel) {
    return this.deviceState?.describe[channel] ?? {};
  }

  /** The newest sample of any channel of its device. @param {string} channel @returns {Latest | undefined} */
  latestOf(channel) {
    return channel === this.channel ? this.latest : this.deviceState?.channels.get(channel);
  }

  /** The unit that the view gave, else the device's. */
  get unit() {
    return String(this.settings.unit || this.describe.unit || "");
  }

  /** What is the case as far as anybody knows: the channel's newest value; where it has none, what was last done. @returns {any} */
  get actual() {
    return this.latest ? this.latest.value : this.#done;
  }

  /** What was asked for, by anybody, and is not known to be so: to be drawn apart from the actual value. @returns {Asked | undefined} */
  get asked() {
    return askedFor(this.receipt, this.latest, clock.now());
  }

  /** Presence of the device as last heard; see `hears`. */
  get presence() {
    return this.deviceState?.presence ?? this.dataset.presence;
  }

  /** Whether what is known of the device may be taken as "now": the page hears the hub, which has said how things stand. */
  get hears() {
    return panel.hears && panel.watch.devices.get(this.device)?.isCurrent !== false;
  }

  /** @returns {State} */
  get state() {
    return /** @type {State} */ (this.dataset.state ?? "none");
  }

  /** Why an input of this component can not be used now; undefined if it can. @returns {string | undefined} */
  get blocked() {
    if (panel.connection === "connecting") return say("blocked.connecting");
    if (panel.connection !== "connected") return say("blocked.unheard");
    const device = this.deviceState;
    if (!device || !this.hears) return say("blocked.connecting");
    if (panel.watch.rights.get(this.device)?.includes("command") === false) return say("blocked.denied");
    const waits = this.settings.intent === "latest" || this.settings.intent === "queue";
    return device.presence === "online" || (waits && device.known) ? undefined : awayReason(device.presence);
  }

  /** Whether a command of this page is under way on this channel: until its end nothing else is sent. */
  get busy() {
    return keepsBusy(this.#own);
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
      this.#takeReceipt();
      this.#controls = new Controls(this, (event) => this.#used(event));
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
        if (this.channels.includes(change.sample.channel)) this.#takeSample(change.sample);
        else if (!this.channel) this.refresh("sample");
        return;
      case "gap":
        this.#guard(() => this.receiveGap(change.gap));
        if (!this.channel) this.refresh("gap");
        return;
      case "command":
        if (!this.channel) return this.#guard(() => this.receiveReceipt(change.receipt));
        if (change.receipt.channel !== this.channel) return;
        this.#takeReceipt();
        return this.refresh("command");
      case "hole":
      case "error":
      case "swap":
      case "configuration":
        return;
      default:
        return this.refresh(change.kind);
    }
  }

  /** Looks again at everything that depends on time, presence and connection. @param {Reason} reason */
  refresh(reason) {
    if (this.#failed) return;
    showState(this);
    showReceipt(this);
    if (this.dataset.direction !== "output") this.#controls?.show({ blocked: this.blocked, busy: this.busy });
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
    if (latest) this.#take(latest);
    else this.latest = undefined;
    for (const channel of this.channels) {
      const newest = this.deviceState?.channels.get(channel);
      if (newest) this.#guard(() => this.receive({ channel, value: newest.value, ts: newest.ts, late: false }));
    }
  }

  /** @param {Sample} sample */
  #takeSample(sample) {
    if (sample.late) return this.#guard(() => this.receiveLate(sample));
    if (sample.channel === this.channel) this.#take(this.deviceState?.channels.get(this.channel) ?? sample);
    this.#guard(() => this.receive(sample));
    this.refresh("sample");
  }

  /** @param {Latest} latest */
  #take(latest) {
    this.latest = latest;
    set(this, "value", JSON.stringify(latest.value));
    set(this, "ts", String(latest.ts));
  }

  /** Looks again at the commands on the channel. */
  #takeReceipt() {
    const newest = panel.watch.receipt(this.device, this.channel);
    const own = panel.watch.receipt(this.device, this.channel, (receipt) => receipt.mine);
    this.#own = own;
    this.receipt = own && newest && own !== newest && (isUnderWay(own) || changedAt(own) > changedAt(newest)) ? own : newest;
    if (this.receipt?.state === "done" && this.receipt.asked !== undefined) this.#done = this.receipt.asked;
  }

  /** @param {Event} event */
  #used(event) {
    if (this.busy || this.blocked) return;
    this.#guard(() => {
      const value = this.compose(event);
      if (value !== undefined) this.send(value);
    });
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

/** When a command last moved on, ms. @param {Receipt} receipt */
function changedAt(receipt) {
  return receipt.way.at(-1)?.at ?? 0;
}

/** @param {HTMLElement} element @param {string} name @param {string} value */
function set(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}
