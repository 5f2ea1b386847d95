/**
 * Plays the part of a device and of its hub in the page itself: for the gallery, where components are shown and pressed and no device of
 * the hub is touched. It is asked what a panel asks a hub, and answers with a hub's messages.
 */
import { clock } from "glassline/age";
import { say } from "glassline/words";

/** How often a device sends, ms. */
const STEP_MS = 1000;
/** How many samples a second one sends that is fast. */
const FAST_PER_SECOND = 1000;
/** The most samples that one frame of the screen brings, ... */
const BURST_MAX = 200;
/** ... and the most that are kept as history; the oldest give way. */
const KEPT_MAX = 20_000;
/** How long a command is on its way to the device, ms, and how long the device takes for it. */
const WAY_MS = 250;
const WORK_MS = 750;
/** A number without a scale swings by this part of itself. */
const SWING = 0.1;
/** How long a swing takes, in samples. */
const SWING_SAMPLES = 24;

/** @typedef {import("glassline/watch").Message} Message */
/** @typedef {{channel: string, value: any, ts: number}} Sample  ts in ms */

/**
 * What the hub says of a device of the gallery.
 * @typedef {object} Script
 * @property {string} name
 * @property {"online" | "offline" | "unreachable"} presence
 * @property {number} since ms
 * @property {number} every ms
 * @property {"still" | "steady" | "moving" | "fast"} pace
 * @property {"done" | "refused" | "failed"} outcome what becomes of commands
 * @property {string | null} channel that its component is bound to
 * @property {Sample[]} samples
 * @property {Record<string, {min?: number, max?: number}> | null} describe
 * @property {Message[]} commands
 * @property {Message} ledger
 */

export class Player {
  #id;
  #script;
  #hear;
  #cursor = 0;
  /** @type {Sample[]} in the order in which they came */
  #kept;
  /** Where each channel's values come from: as the script has it, or as a command has set it. @type {Map<string, any>} */
  #base = new Map();
  /** @type {Set<ReturnType<typeof setTimeout>>} */
  #timers = new Set();
  #frame = 0;
  #owed = 0;
  #steps = 0;
  /** Commands that wait for their device. @type {Map<string, Message>} */
  #waiting = new Map();

  /** @param {string} id @param {Script} script @param {(message: Message) => void} hear takes what a hub would say */
  constructor(id, script, hear) {
    this.#id = id;
    this.#script = script;
    this.#hear = hear;
    this.#kept = [...script.samples].sort((a, b) => a.ts - b.ts);
    for (const sample of this.#kept) this.#base.set(sample.channel, sample.value);
  }

  /** Says how things stand, and goes on from there. */
  begin() {
    const { name, presence, since, every, describe, commands, ledger, pace } = this.#script;
    const newest = new Map(this.#kept.map(({ channel, value, ts }) => [channel, { value, ts, every }]));
    this.#hear({
      snapshot: this.#id, cursor: this.#cursor, known: true, key: 1, name, presence, since, ledger, commands,
      channels: Object.fromEntries(newest), describe: describe ?? {}, counts: { received: this.#kept.length, gaps: 0 },
    });
    if (this.#base.size === 0) return;
    if (pace === "fast") this.#stream(performance.now());
    else if (pace !== "still") this.#tick();
  }

  /** Says nothing any more. */
  end() {
    for (const timer of this.#timers) clearTimeout(timer);
    cancelAnimationFrame(this.#frame);
  }

  /** Says what the books are now. */
  books() {
    this.#hear({ device: this.#id, ledger: this.#script.ledger, at: clock.now() });
  }

  /** Somebody asks for something. @param {Message} message */
  command(message) {
    const { presence, outcome } = this.#script;
    if (outcome === "refused") return this.#answer(message, "refused", say("gallery.refused"));
    if (presence !== "online") {
      if (message.intent !== "latest" && message.intent !== "queue") return this.#answer(message, "refused", presence);
      this.#waiting.set(message.command, message);
      this.#answer(message, "accepted");
      return this.#answer(message, "queued");
    }
    this.#answer(message, "accepted");
    this.#later(WAY_MS, () => this.#answer(message, "sent"));
    this.#later(WAY_MS + WORK_MS, () => {
      if (outcome === "failed") return this.#answer(message, "failed", say("gallery.failed"));
      this.#answer(message, "done");
      if (!this.#base.has(message.channel)) return;
      this.#base.set(message.channel, message.value);
      this.#send({ [message.channel]: message.value });
    });
  }

  /** A command is not wanted any more. @param {string} id */
  cancel(id) {
    const message = this.#waiting.get(id);
    if (message && this.#waiting.delete(id)) this.#answer(message, "cancelled");
  }

  /** What was sent on a channel. @param {string} channel @param {number} from ms, included @param {number} to ms, not included @returns {Sample[]} */
  history(channel, from, to) {
    return this.#kept.filter((sample) => sample.channel === channel && sample.ts >= from && sample.ts < to);
  }

  /** Its commands, as the hub lists them. */
  get commands() {
    return this.#script.commands;
  }

  /** @param {Message} message @param {string} state @param {string} [reason] */
  #answer({ command, channel, value }, state, reason) {
    this.#hear({ command, device: this.#id, channel, asked: value, state, reason });
  }

  #tick() {
    this.#later(STEP_MS, () => {
      this.#step(clock.now());
      this.#tick();
    });
  }

  /** As many samples as are due since the last frame. @param {number} before ms, monotonic */
  #stream(before) {
    this.#frame = requestAnimationFrame((now) => {
      this.#owed = Math.min(BURST_MAX, this.#owed + ((now - before) * FAST_PER_SECOND) / 1000);
      const count = Math.floor(this.#owed);
      this.#owed -= count;
      const end = clock.now();
      for (let i = count - 1; i >= 0; i--) this.#step(end - (i * 1000) / FAST_PER_SECOND);
      this.#stream(now);
    });
  }

  /** The next sample of each channel. @param {number} ts ms */
  #step(ts) {
    this.#steps += 1;
    const isMoving = this.#script.pace === "moving" || this.#script.pace === "fast";
    const values = [...this.#base].map(([channel, value]) => [channel, isMoving ? this.#moved(channel, value) : value]);
    this.#send(Object.fromEntries(values), ts);
  }

  /** @param {Record<string, any>} values @param {number} [ts] ms */
  #send(values, ts = clock.now()) {
    this.#cursor += 1;
    for (const [channel, value] of Object.entries(values)) this.#kept.push({ channel, value, ts });
    if (this.#kept.length > KEPT_MAX) this.#kept.splice(0, this.#kept.length - KEPT_MAX);
    this.#hear({ device: this.#id, cursor: this.#cursor, values, ts });
  }

  /** What a channel has come to. @param {string} channel @param {any} value where it began */
  #moved(channel, value) {
    if (typeof value === "number") return swung(value, this.#steps, this.#script.describe?.[channel] ?? {});
    if (typeof value === "boolean") return Math.floor(this.#steps / 3) % 2 === 0 ? value : !value;
    const told = this.#script.samples.filter((sample) => sample.channel === channel).map((sample) => sample.value);
    return told[this.#steps % told.length] ?? value;
  }

  /** @param {number} ms @param {() => void} step */
  #later(ms, step) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      step();
    }, ms);
    this.#timers.add(timer);
  }
}

/**
 * A number that swings around where it began, in as many decimals (one at least, unless its device counts in whole ones).
 * @param {number} value
 * @param {number} steps
 * @param {{min?: number, max?: number}} scale
 */
function swung(value, steps, { min, max }) {
  const room = min !== undefined && max !== undefined ? (max - min) / 4 : Math.max(Math.abs(value) * SWING, 1);
  const moved = value + room * Math.sin((steps / SWING_SAMPLES) * 2 * Math.PI);
  const kept = Math.min(max ?? Infinity, Math.max(min ?? -Infinity, moved));
  const digits = Number.isInteger(value) && Math.abs(value) >= 10 ? 0 : Math.max(1, String(value).split(".")[1]?.length ?? 0);
  return Number(kept.toFixed(Math.min(digits, 6)));
}
