// A device, whatever carries its lines and wherever its outbox is: what Node and browsers have in common.

import { Calls } from "./calls.js";
import { Core, reason } from "./core.js";
import { parseAddress } from "./address.js";
import { HEARTBEAT_SECONDS, LINE_MAX_BYTES_MIN, OUTBOX_BYTES, OUTBOX_MESSAGES, TIMER_MS_MAX } from "./limits.js";
import { isId } from "./session/messages.js";

/** @import { Books, Reason, Step, Store } from "./core.js" */
/** @import { Address } from "./address.js" */

/**
 * What a device is made from.
 * @typedef {object} DeviceSettings
 * @property {string} address  `tcp://host:port`, `tls://…`, `ws://host:port/path`, `wss://…`; in a browser the last two
 * @property {string} [id]  1 to 64 letters, digits, `_` or `-`; without one the hub makes one
 * @property {string} [token]  its own, or a join token
 * @property {string | OutboxSettings} [outbox]  a folder to keep the outbox in; otherwise it is in memory. The id and the token that the
 *   hub gives a device with a join token are kept there, too: the next run goes on with them
 * @property {number | null} [heartbeat]  seconds, 15 unless said; `null` asks for none
 * @property {number} [lineMax]  bytes of the longest line it reads, at least 256: commands that do not fit are refused
 * @property {import("node:tls").ConnectionOptions} [tls]  for Node: `ca`, `cert`, `key` …
 * @property {number} [nonce]  nonces count from it, instead of from a random number
 * @property {(words: string, error?: unknown) => void} [report]  is told what handlers throw and what the hub skips; `console.error` unless said
 */

/**
 * @typedef {object} OutboxSettings
 * @property {string} [folder]  nothing: in memory
 * @property {number} [messages]  at least 1; 4096 unless said
 * @property {number} [bytes]  of lines; 1 MiB unless said
 */

/**
 * A connection. Nothing is told of it once it was left.
 * @typedef {object} Connection
 * @property {(lines: string[]) => void} say  puts lines, without their ends, behind what is to be written
 * @property {() => number} unsent  bytes that are still to be written
 * @property {() => void} leave  writes what can be written at once, and ends
 */

/**
 * What is told of a connection, never before it was answered. `ended` is the last, also where it could not be made.
 * @typedef {{opened: () => unknown, line: (line: string) => unknown, ended: (words: string) => unknown}} Told
 */

/**
 * @typedef {object} Surroundings
 * @property {Address["scheme"][]} schemes
 * @property {(address: Address, settings: DeviceSettings, told: Told) => Connection} open
 * @property {(folder: string, bytes: number) => Store} [store]
 */

/** @typedef {(value: any, command: import("./session/messages.js").Command) => unknown} CommandHandler */

export class AnyDevice {
  #address;
  #settings;
  #open;
  #core;
  #store;
  #calls;
  /** @type {Connection | undefined} */
  #connection;
  /** Of the session, and of coming back. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** A head is being kept. */
  #keeping = false;
  #turning = false;
  #connecting = false;
  /** It will not come back. @type {Reason | undefined} */
  #over;
  /** @type {Set<() => void>} */
  #waiting = new Set();
  /** @type {Promise<boolean> | undefined} */
  #closing;

  /** @param {DeviceSettings} settings @param {Surroundings} surroundings */
  constructor(settings, { schemes, open, store }) {
    const { id, token, lineMax, heartbeat = HEARTBEAT_SECONDS, nonce = random(), report = complain } = settings;
    const outbox = typeof settings.outbox === "string" ? { folder: settings.outbox } : (settings.outbox ?? {});
    const { folder, messages = OUTBOX_MESSAGES, bytes = OUTBOX_BYTES } = outbox;
    this.#address = parseAddress(settings.address, schemes);
    if (id && !isId(id)) throw new TypeError(`"${id}" is no id of a device: 1 to 64 letters, digits, _ or -`);
    if (lineMax !== undefined && !(lineMax >= LINE_MAX_BYTES_MIN)) throw new RangeError("lineMax is at least 256");
    if (!(messages >= 1)) throw new RangeError("an outbox holds at least 1 message");
    if (folder !== undefined && !store) throw new TypeError("here an outbox can be in memory only");
    this.#settings = settings;
    this.#open = open;
    this.#calls = new Calls(report);
    this.#store = folder === undefined ? undefined : store?.(folder, bytes);
    const of = { id: id || undefined, token: token || undefined, lineMax, nonce, outbox: { messages, bytes } };
    this.#core = new Core({ ...of, heartbeat: heartbeat ?? undefined }, this.#store);
  }

  /**
   * Connects, now and whenever the connection is gone, after a random time that grows with every attempt. Set the handlers
   * before. Has no effect the second time.
   */
  connect() {
    if (this.#connecting || this.#core.isClosed) return;
    this.#connecting = true;
    this.#attempt();
  }

  /**
   * Sends `value` on `channel`, taken now or at `ts` (milliseconds since 1970). Answers whether it was accepted: it is kept, in
   * the folder if there is one, until the hub has it; then it arrives once and in order, or its loss is counted and declared.
   *
   * Never waits for the network and never throws. It is not accepted when the device is closed, when the channel's name or
   * the value is none that the hub takes, or when the outbox's disk is full or broken.
   * @param {string} channel
   * @param {unknown} value
   * @param {number} [ts]
   * @returns {boolean}
   */
  send(channel, value, ts) {
    return this.#said(this.#core.send(now(), [[channel, value]], ts));
  }

  /**
   * Sends the values of several channels as one message: an object, or pairs. As `send`.
   * @param {Record<string, unknown> | Iterable<[string, unknown]>} values
   * @param {number} [ts]
   * @returns {boolean}
   */
  sendMany(values, ts) {
    return this.#said(this.#core.send(now(), pairs(values), ts));
  }

  /**
   * Sends `value` without keeping it, where the device is connected. Answers whether it was sent; what is under way when the
   * connection breaks is lost, and nobody is told.
   * @param {string} channel
   * @param {unknown} value
   * @returns {boolean}
   */
  sendUnnumbered(channel, value) {
    return this.#said(this.#core.sendUnnumbered(now(), [[channel, value]]));
  }

  /**
   * Says what the channels are, now and after each reconnect: an object with a member for each channel, such as
   * `{fan: {input: "switch"}}`. It replaces what was said before. Answers whether it is one.
   * @param {Record<string, object>} channels
   * @returns {boolean}
   */
  describe(channels) {
    return this.#said(this.#core.describe(now(), channels));
  }

  /**
   * Commands on `channel` are for `handler`: what it returns, or what its promise brings, is the result; what it throws is the
   * reason why it was not done. Handlers are called one after another. Without a channel: those on all other channels.
   * @param {string | undefined} channel
   * @param {CommandHandler} handler
   */
  onCommand(channel, handler) {
    this.#calls.commands.set(channel, handler);
  }

  /**
   * Calls `handler` when the hub welcomed the device on a new connection, with whether it goes on with its session.
   * @param {(resumed: boolean) => unknown} handler
   */
  onConnected(handler) {
    this.#calls.connected = handler;
  }

  /**
   * Calls `handler` when such a connection is over, and when the device will not come back.
   * @param {(reason: Reason) => unknown} handler
   */
  onDisconnected(handler) {
    this.#calls.disconnected = handler;
  }

  /**
   * Calls `handler` with each line of the hub as it came, heartbeats apart.
   * @param {(line: string) => unknown} handler
   */
  onMessage(handler) {
    this.#calls.message = handler;
  }

  /**
   * Calls `handler` with a token of its own that the hub gives the device: the next run of the program is to use it. A device whose
   * outbox is in a folder keeps it there.
   * @param {(token: string) => unknown} handler
   */
  onToken(handler) {
    this.#calls.token = handler;
  }

  /** Makes durable all that was accepted. Answers whether it is. Never with an outbox in memory. @returns {Promise<boolean>} */
  async sync() {
    if (!this.#core.isStored) return false;
    return this.#core.sync().then(
      () => true,
      () => false,
    );
  }

  /**
   * Makes durable all that was accepted, and then waits until the hub has taken it over, at most `patience` milliseconds, or until the
   * device is closed. Answers whether it has.
   * @param {number} [patience]  for ever unless said
   * @returns {Promise<boolean>}
   */
  async flush(patience = Infinity) {
    const all = this.#core.next;
    const until = now().mono + patience;
    await this.sync();
    const isTakenOver = () => this.#core.isTakenOver(all);
    while (!isTakenOver() && !this.#over && now().mono < until) await this.#progress(until - now().mono);
    return isTakenOver();
  }

  /**
   * Ends the device at once: nothing is accepted any more, the connection ends, a stored outbox is synced and free for another
   * program. Answers whether nothing is lost by that. It does not wait for the hub; `flush` before does.
   * @returns {Promise<boolean>}
   */
  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    this.#core.close();
    this.#turn();
    this.#end(reason("ended", "The device was closed."));
    const synced = await this.sync();
    await this.#core.letGo();
    return synced || this.#core.books.queued === 0;
  }

  /** Whether the hub has welcomed it on its present connection. */
  get connected() {
    return this.#core.isWelcome;
  }

  /** Messages held until the hub has taken them over. */
  get queued() {
    return this.#core.books.queued;
  }

  /** Messages dropped in this run because the outbox was full: the oldest first. Results of commands never are. */
  get dropped() {
    return this.#core.books.dropped;
  }

  /** The session in which messages are numbered, if there is one. */
  get session() {
    return this.#core.session;
  }

  /** Its id; nothing as long as the hub has not made one. */
  get id() {
    return this.#core.id;
  }

  /** What became of all messages. @returns {Books} */
  get books() {
    return this.#core.books;
  }

  /** What a stored outbox was found to have kept and lost; nothing for one in memory. */
  get report() {
    return this.#store?.report;
  }

  /** What is said goes out in one piece, once the program lets go of its thread. @param {boolean} accepted */
  #said(accepted) {
    if (!this.#turning) {
      this.#turning = true;
      queueMicrotask(() => this.#turn());
    }
    return accepted;
  }

  // Connections, one after the other.

  #attempt() {
    /** @type {Connection | undefined} */
    let connection;
    const isPresent = () => connection !== undefined && connection === this.#connection;
    try {
      connection = this.#open(this.#address, this.#settings, {
        opened: () => isPresent() && this.#opened(),
        line: (line) => isPresent() && this.#line(line),
        ended: (words) => isPresent() && this.#end(reason("broken", words)),
      });
      this.#connection = connection;
    } catch (error) {
      this.#end(reason("broken", String(error)));
    }
  }

  #opened() {
    this.#core.connected(now());
    this.#turn();
  }

  /** @param {string} line */
  #line(line) {
    this.#core.unsent(this.#connection?.unsent() ?? 0);
    this.#core.line(now(), line);
    if (line !== "") this.#calls.tellMessage(line);
    this.#turn();
    for (const wake of this.#waiting) wake();
  }

  /** Carries out what the session wants. */
  #turn() {
    this.#turning = false;
    /** @type {string[]} */
    const lines = [];
    for (let step = this.#core.poll(now()); step; step = this.#core.poll(now())) {
      if (step.do === "send") lines.push(step.line);
      else if (step.do === "close") {
        if (lines.length > 0) this.#connection?.say(lines);
        return this.#end(step.reason);
      } else this.#carryOut(step);
    }
    if (lines.length > 0) this.#connection?.say(lines);
    this.#core.unsent(this.#connection?.unsent() ?? 0);
    if (this.#core.wantsKeep && !this.#keeping) this.#keep();
    if (this.#connection) this.#wait(this.#core.due);
  }

  /** @param {Exclude<Step, {do: "send" | "close"}>} step */
  #carryOut(step) {
    if (step.do === "begin") this.#calls.obey(step.command, (outcome) => this.#answer(outcome));
    else if (step.do === "complaint") this.#calls.report(`the hub skipped a line: ${step.code}: ${step.reason}`);
    else {
      if (step.token !== undefined) this.#keepToken(step.token);
      this.#calls.tellConnected(step.resumed);
    }
  }

  /** Where it cannot be kept, the join token goes on to do for as long as the hub lets it. @param {string} token */
  #keepToken(token) {
    this.#core.keepToken(token).catch((error) => this.#calls.report("the token of the device cannot be kept", error));
    this.#calls.tellToken(token);
  }

  /** @param {import("./session/messages.js").Outcome} outcome */
  #answer(outcome) {
    this.#core.answer(now(), outcome);
    this.#turn();
  }

  async #keep() {
    this.#keeping = true;
    try {
      await this.#core.keep();
      this.#keeping = false;
    } catch (error) {
      this.#keeping = false;
      // Where it was for room only, what is held can be sent, and later it may go.
      if (this.#core.owesHead && this.#connection) this.#end(reason("outbox", `The outbox cannot be written: ${error}`));
      return;
    }
    if (!this.#core.isClosed) this.#turn();
  }

  /** Sets the timer of the session. @param {number | undefined} due */
  #wait(due) {
    clearTimeout(this.#timer);
    if (due === undefined) return;
    const wake = () => {
      this.#core.unsent(this.#connection?.unsent() ?? 0);
      if (now().mono >= due) this.#core.timeout(now());
      this.#turn();
    };
    this.#timer = setTimeout(wake, Math.max(0, due - now().mono));
  }

  /** The connection is over, or there was none. @param {Reason} why */
  #end(why) {
    if (this.#over) return;
    const reason = this.#core.fallBack(why);
    clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.leave();
    const told = this.#core.disconnected();
    const delay = reason.comesBack ? this.#core.comeBack(now(), reason, Math.random()) : undefined;
    if (told || (delay === undefined && this.#connecting)) this.#calls.tellDisconnected(reason);
    if (delay !== undefined) {
      this.#timer = setTimeout(() => this.#attempt(), delay);
      return;
    }
    this.#over = reason;
    for (const wake of this.#waiting) wake();
  }

  /** Waits until something may have been taken over, at most so many milliseconds. @param {number} patience */
  #progress(patience) {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve(undefined);
      };
      const timer = setTimeout(wake, Math.min(patience, TIMER_MS_MAX));
      this.#waiting.add(wake);
    });
  }
}

/** @returns {import("./core.js").Time} */
const now = () => ({ wall: Date.now(), mono: Math.floor(performance.now()) });

const random = () => crypto.getRandomValues(new Uint32Array(1))[0];

/** @param {unknown} values @returns {[unknown, unknown][]} */
function pairs(values) {
  try {
    const object = /** @type {any} */ (values);
    const pairs = typeof object[Symbol.iterator] === "function" ? [...object] : Object.entries(object);
    return pairs.every((pair) => Array.isArray(pair)) ? /** @type {[unknown, unknown][]} */ (pairs) : [];
  } catch {
    // None that could be accepted.
    return [];
  }
}

/** @param {string} words @param {unknown} [error] */
function complain(words, error) {
  if (error === undefined) console.error(words);
  else console.error(words, error);
}
