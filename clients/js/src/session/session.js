// A device's half of the conversation, over all its connections in one run of its program: rules D1 to D8 of
// spec/protocol.md. It knows no socket, file or clock: hand in one input with the time, then carry out what `poll` answers
// until that is nothing, and call `timeout` when `due` says so.

import {
  HEARTBEAT_SECONDS,
  PROGRESS_SECONDS_MIN,
  UNSENT_BYTES_MAX,
  WELCOME_SECONDS_MAX,
  WELCOME_SERIAL_SECONDS_MAX,
  WINDOW_MESSAGES,
} from "../limits.js";
import * as messages from "./messages.js";
import { Numbering } from "./numbering.js";
import { textBytes } from "./text.js";
import { Timers } from "./timers.js";

/** @import { Command, Farewell, Outcome, Welcome } from "./messages.js" */

/**
 * What a device is and how it talks.
 * @typedef {object} Settings
 * @property {string} [id]  nothing where the hub side is to make one
 * @property {string} [token]
 * @property {number} [heartbeat]  seconds; nothing for none
 * @property {number} [lineMax]  bytes of the longest line it reads, where that is less than usual
 * @property {boolean} [serial]  its lines may get lost, and there is no connection to drop
 * @property {import("./outbox.js").Bounds} outbox
 * @property {number} nonce  nonces count from it
 */

/**
 * A session whose messages are stored: number n in it is position `begin + n - 1`, so no message has its number written down.
 * @typedef {object} KeptSession
 * @property {string} session
 * @property {number} begin
 * @property {number} [end]  the position behind its last message: where a later run of the program began (D2)
 */

/**
 * The head of a stored outbox: one record, written whole or not at all (D4).
 * @typedef {object} Head
 * @property {KeptSession} [session]
 * @property {number} head  everything below this position is taken over
 */

/**
 * What a stored outbox gives a new run of the program.
 * @typedef {import("./outbox.js").Contents & {session?: KeptSession}} Kept
 */

/**
 * Why a connection is over: the hub side said so, nothing was heard (D7), the ack stood still (D6).
 * @typedef {{why: "told", farewell: Farewell} | {why: "silent" | "stuck"}} Ending
 */

/**
 * What to do next, in this order. `keep`: make the present head durable before anything else is carried out (D4).
 * @typedef {{do: "keep"} | {do: "send", line: string} | {do: "welcome", welcome: Welcome} |
 *   {do: "begin", command: Command} | {do: "complaint", code: string, reason: string} | {do: "close", ending: Ending}} Output
 */

/** @typedef {number} Millis  monotonic milliseconds */

export class Session {
  #settings;
  /** No connection; identified and not welcomed yet; welcome. @type {"apart" | "asking" | "talking"} */
  #phase = "apart";
  #nonce;
  /** Until the first welcome of this run. */
  #boot = true;
  /** Identifies in a row on this connection after which nothing at all was heard. */
  #unheard = 0;
  #stored;
  /** @type {Numbering} */
  #log;
  #heartbeatMs = HEARTBEAT_SECONDS * 1000;
  /** The line that says what the channels are. @type {string | undefined} */
  #description;
  /** The last command begun in this run (D8). @type {{number: number, outcome?: Outcome} | undefined} */
  #begun;
  #timers = new Timers();
  /** @type {Output[]} */
  #outputs = [];
  /** Bytes of lines among them; and bytes that the connection has not written yet, as it told. */
  #unsaid = 0;
  #unsent = 0;

  /** @param {Settings} settings @param {Kept} [kept]  what was stored, where the outbox is */
  constructor(settings, kept) {
    this.#settings = { ...settings };
    this.#nonce = settings.nonce;
    this.#stored = kept !== undefined;
    this.#log = new Numbering(settings.outbox, kept);
    if (this.#log.takeUp(kept?.session)) this.#keep();
  }

  /** The next thing to do; nothing until there is another input. */
  poll() {
    const output = this.#outputs.shift();
    if (output?.do === "send") this.#unsaid -= textBytes(output.line) + 1;
    return output;
  }

  /** When to call `timeout` at the latest. */
  get due() {
    return this.#timers.next();
  }

  /** The connection has so many bytes that it could not write yet. @param {number} bytes */
  unsent(bytes) {
    this.#unsent = bytes;
  }

  /** From the next identify on it is this device, and shows this token. @param {string | undefined} id @param {string | undefined} token */
  introduce(id, token) {
    this.#settings.id = id;
    this.#settings.token = token;
  }

  /** There is a connection. @param {Millis} now */
  connected(now) {
    this.disconnected();
    this.#unheard = 0;
    this.#identify(now);
  }

  /** The connection is gone. Everything unacked is kept. */
  disconnected() {
    this.#phase = "apart";
    this.#timers.clear();
    // What is for the program and its storage stays: a head that is not stored yet, a command that counts as begun.
    this.#outputs = this.#outputs.filter((output) => output.do === "keep" || output.do === "begin");
    this.#unsaid = this.#unsent = 0;
  }

  /** A line of the hub side, without its end. @param {Millis} now @param {string} line */
  line(now, line) {
    if (this.#phase === "apart") return;
    this.#heard(now);
    this.#unheard = 0;
    const message = messages.readLine(line);
    if (message) this.#message(now, message);
    this.#sayNumbered(now);
  }

  /** The time has come that `due` named. @param {Millis} now */
  timeout(now) {
    if (this.#timers.takeDue("welcome", now)) this.#notWelcomed(now);
    if (this.#timers.takeDue("silence", now)) this.#end({ why: "silent" });
    if (this.#timers.takeDue("progress", now)) this.#noProgress(now);
    if (this.#timers.takeDue("heartbeat", now)) this.#heartbeat(now);
    this.#sayNumbered(now);
  }

  /**
   * Sends a message as soon as it can, with a number: it arrives, once and in order, or its loss is declared. Answers its
   * position, under which a storage keeps it.
   * @param {Millis} now
   * @param {string} message  its members
   */
  publish(now, message) {
    const position = this.#log.outbox.push(message);
    this.#sayNumbered(now);
    return position;
  }

  /** Sends a message without a number, best effort. Answers whether it was sent. @param {Millis} now @param {string} message */
  publishUnnumbered(now, message) {
    const may = this.#phase === "talking" && !this.#isCongested();
    if (may) this.#send(now, `{${message}}`);
    return may;
  }

  /** Says what the channels are, now and after each welcome. @param {Millis} now @param {string} line */
  describe(now, line) {
    this.#description = line;
    if (this.#phase === "talking") this.#send(now, line);
  }

  /** The result of a command. Only that of the last one begun is said, again when it is asked again (D8). */
  answer(/** @type {Millis} */ now, /** @type {Outcome} */ outcome) {
    if (this.#begun?.number !== outcome.command) return;
    this.#begun.outcome = outcome;
    if (this.#phase === "talking") this.#sayResult(now);
  }

  get isWelcome() {
    return this.#phase === "talking";
  }

  /** Messages held until they are acked. */
  get unacked() {
    return this.#log.outbox.length;
  }

  get dropped() {
    return this.#log.outbox.dropped;
  }

  /** The position of the first message that is held, or of the next one: a storage may forget what is below. */
  get heldFrom() {
    return this.#log.outbox.first;
  }

  /** What a storage keeps. @returns {Head} */
  get head() {
    const { session, outbox } = this.#log;
    return { session: session && { ...session }, head: outbox.head };
  }

  get name() {
    return this.#log.session?.session;
  }

  get id() {
    return this.#settings.id;
  }

  #message(/** @type {Millis} */ now, /** @type {messages.ToDevice} */ message) {
    if (message.kind === "welcome") return this.#welcome(now, message.welcome);
    if (message.kind === "bye") return this.#bye(message.farewell);
    if (message.kind === "error") {
      this.#outputs.push({ do: "complaint", code: message.code, reason: message.reason });
      return;
    }
    // Nothing else means anything before the welcome (D1).
    if (this.#phase !== "talking") return;
    if (message.kind === "ack") this.#ack(now, message.number);
    else if (message.kind === "nak") this.#log.nak(message.number);
    else if (message.kind === "window") this.#setWindow(message.number);
    else if (message.kind === "command") this.#command(now, message.command);
    else this.#identify(now);
  }

  // Who it says it is, and in which session it numbers (D1 to D4).

  /** D1: each identify has a nonce of its own. */
  #identify(/** @type {Millis} */ now) {
    this.#phase = "asking";
    this.#nonce += 1;
    const { id = "", token, heartbeat, lineMax, serial } = this.#settings;
    const line = messages.identify({
      identify: id,
      token,
      nonce: this.#nonce,
      session: this.#log.session?.session,
      oldest: this.#log.oldest(),
      boot: this.#boot || undefined,
      handled: this.#begun?.number,
      heartbeat,
      line_max: lineMax,
      outbox: this.#log.outbox.length || undefined,
    });
    this.#send(now, line);
    this.#timers.clear();
    this.#timers.set("welcome", now + (serial ? WELCOME_SERIAL_SECONDS_MAX : WELCOME_SECONDS_MAX) * 1000);
  }

  /** D1: identify again; the second time without having heard anything at all, the connection is dead. */
  #notWelcomed(/** @type {Millis} */ now) {
    this.#unheard += 1;
    if (this.#unheard > 1 && !this.#settings.serial) this.#end({ why: "silent" });
    else this.#identify(now);
  }

  /** D1: a welcome that answers another identify is none. Nor is a new session in which something is taken over already. */
  #welcome(/** @type {Millis} */ now, /** @type {Welcome} */ welcome) {
    const { session, ack = 0 } = welcome;
    if (this.#phase !== "asking" || welcome.nonce !== this.#nonce || !messages.isSession(session)) return;
    if (session !== this.#log.session?.session) {
      if (ack > 0) return;
      this.#log.open(session);
      // D4: that is written down before anything is said in it.
      this.#keep();
    } else if (!this.#log.resume(ack)) {
      // It counts what was never said: numbers of another run. They are not to be used again (D2).
      this.#forgetSession();
      return this.#identify(now);
    }
    this.#log.goBack();
    this.#beginTalking(now, welcome);
    this.#takenOver(now);
  }

  /** D3: a session of an earlier run is over once all of it is taken over; then the device asks for one of this run. */
  #takenOver(/** @type {Millis} */ now) {
    if (this.#log.isOver) {
      this.#forgetSession();
      this.#identify(now);
    } else {
      this.#watchProgress(now);
    }
  }

  #beginTalking(/** @type {Millis} */ now, /** @type {Welcome} */ welcome) {
    this.#phase = "talking";
    this.#boot = false;
    this.#log.window = welcome.window ?? WINDOW_MESSAGES;
    this.#heartbeatMs = Math.max(welcome.heartbeat, 1) * 1000;
    this.#log.lineMax = welcome.lineMax;
    this.#timers.clear();
    this.#heard(now);
    if (messages.isId(welcome.device)) this.#settings.id = welcome.device;
    this.#settings.token = welcome.token ?? this.#settings.token;
    this.#outputs.push({ do: "welcome", welcome });
    // So that a heartbeat is due though nothing is said now.
    if (this.#settings.heartbeat !== undefined) this.#timers.set("heartbeat", now + this.#heartbeatMs);
    if (this.#description) this.#send(now, this.#description);
  }

  #bye(/** @type {Farewell} */ farewell) {
    // What is unacked is numbered anew in the session that the next welcome brings.
    if (farewell.code === "closed" && this.#log.session) this.#forgetSession();
    this.#end({ why: "told", farewell });
  }

  #forgetSession() {
    this.#log.session = undefined;
    this.#keep();
  }

  #keep() {
    if (this.#stored) this.#outputs.push({ do: "keep" });
  }

  // What it says of its log, and what an ack, a window and their absence change (D5, D6).

  #sayNumbered(/** @type {Millis} */ now) {
    if (this.#phase !== "talking") return;
    for (let line = this.#log.next(); line !== undefined; line = this.#log.next()) this.#send(now, line);
    this.#watchProgress(now);
  }

  #ack(/** @type {Millis} */ now, /** @type {number} */ seq) {
    if (!this.#log.ack(seq)) return;
    this.#timers.stop("progress");
    this.#takenOver(now);
  }

  #setWindow(/** @type {number} */ window) {
    if ((this.#log.window === 0) !== (window === 0)) this.#timers.stop("progress");
    this.#log.window = window;
  }

  /** D6: against a closed window the first unacked one asks whether it may open; else it goes back, or leaves. */
  #noProgress(/** @type {Millis} */ now) {
    if (this.#log.window === 0) this.#probe(now);
    else if (this.#settings.serial) this.#log.goBack();
    else this.#end({ why: "stuck" });
  }

  #probe(/** @type {Millis} */ now) {
    // Where much is under way, such is among it, unread.
    if (this.#isCongested()) return;
    const line = this.#log.first();
    if (line !== undefined) this.#send(now, line);
  }

  #watchProgress(/** @type {Millis} */ now) {
    const patience = this.#log.window === 0 ? this.#heartbeatMs : Math.max(this.#heartbeatMs, PROGRESS_SECONDS_MIN * 1000);
    if (this.#log.isWaiting && this.#phase === "talking" && !this.#timers.isSet("progress")) {
      this.#timers.set("progress", now + patience);
    }
  }

  // Commands (D8).

  #command(/** @type {Millis} */ now, /** @type {Command} */ command) {
    const last = this.#begun?.number ?? 0;
    if (command.number === last) this.#sayResult(now);
    if (command.number <= last) return;
    this.#begun = { number: command.number };
    this.#outputs.push({ do: "begin", command });
  }

  #sayResult(/** @type {Millis} */ now) {
    if (this.#begun?.outcome) this.#send(now, messages.result(this.#begun.outcome));
  }

  // What is said and heard (D7).

  #heard(/** @type {Millis} */ now) {
    if (this.#phase === "talking" && this.#settings.heartbeat !== undefined) {
      this.#timers.set("silence", now + 2 * this.#heartbeatMs);
    }
  }

  /** Where much is under way the hub side hears something in any case, once it reads. */
  #heartbeat(/** @type {Millis} */ now) {
    if (this.#isCongested()) this.#timers.set("heartbeat", now + this.#heartbeatMs);
    else this.#send(now, "");
  }

  #isCongested() {
    return this.#unsaid + this.#unsent >= UNSENT_BYTES_MAX;
  }

  #send(/** @type {Millis} */ now, /** @type {string} */ line) {
    if (this.#phase === "talking" && this.#settings.heartbeat !== undefined) {
      this.#timers.set("heartbeat", now + this.#heartbeatMs);
    }
    this.#unsaid += textBytes(line) + 1;
    this.#outputs.push({ do: "send", line });
  }

  #end(/** @type {Ending} */ ending) {
    this.#phase = "apart";
    this.#timers.clear();
    this.#outputs.push({ do: "close", ending });
  }
}
