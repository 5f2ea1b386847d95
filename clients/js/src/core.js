// A device without its connections: the session, the outbox behind it, and the books of what became of its messages. Driven like
// the session itself: hand in one input with the time, then carry out what `poll` answers; where `wantsKeep`, run `keep`.

import { Backoff } from "./session/backoff.js";
import * as messages from "./session/messages.js";
import { Session } from "./session/session.js";

/** @import { Ending, Head, Output, Settings } from "./session/session.js" */
/** @import { Command, Outcome } from "./session/messages.js" */

/**
 * An outbox that survives the program: src/store/outbox.js is one.
 * @typedef {object} Store
 * @property {import("./session/session.js").Kept} kept
 * @property {import("./store/recovery.js").Report} report
 * @property {(position: number, message: string) => void} append
 * @property {(head: Head, held: number) => void} note
 * @property {(heldFrom: number) => boolean} hasRoomToGive
 * @property {boolean} isFull
 * @property {boolean} isKeeping
 * @property {(head: Head, heldFrom: number) => Promise<void>} keep
 * @property {(head: Head, heldFrom: number) => void} keepNow
 * @property {(heldFrom: number) => void} giveBack
 * @property {() => Promise<void>} sync
 * @property {() => Promise<void>} close
 * @property {(asked: string) => import("./store/identity.js").Identity | undefined} identity
 * @property {(asked: string, identity: import("./store/identity.js").Identity) => Promise<void>} keepIdentity
 */

/**
 * Why a device is not connected.
 * @typedef {object} Reason
 * @property {string} code  `silent`, `stuck`, `broken`, `outbox`, `ended` (the program closed it), or what the hub said: `stopping`, `replaced` …
 * @property {string} words  a sentence
 * @property {boolean} comesBack  whether the device comes back by itself
 * @property {"now" | "later" | "never"} again
 * @property {number} wait  milliseconds that the hub asks it to stay away; 0 for none
 */

/**
 * What became of messages. At any time accepted + restored = acked + dropped + queued.
 * @typedef {object} Books
 * @property {number} accepted  in this run of the program
 * @property {number} restored  that a stored outbox brought from earlier runs
 * @property {number} acked  taken over by the hub, as far as is known
 * @property {number} dropped  because the outbox was full, in this run
 * @property {number} queued  held until they are acked
 */

/**
 * One thing to do.
 * @typedef {{do: "send", line: string} | {do: "begin", command: Command} | {do: "close", reason: Reason} |
 *   {do: "complaint", code: string, reason: string} |
 *   {do: "connected", resumed: boolean, token: string | undefined}} Step
 */

/** @typedef {{wall: number, mono: number}} Time  milliseconds since 1970, and of a clock that never jumps */

export class Core {
  #session;
  #store;
  #backoff = new Backoff();
  /** The session that an identify named. @type {string | undefined} */
  #asked;
  /** The program was told of this connection. */
  #told = false;
  #accepted = 0;
  #restored;
  #acked = 0;
  #next;
  /** The session wants a head on disk, and it is not there yet. */
  #owed = false;
  /** The boot marker of this run is on disk (D2). Before, nothing is accepted. */
  #marked = false;
  #closed = false;
  /** The id that the program itself says. */
  #saidId;
  /** What the program itself says it is, while what was kept of an earlier run is shown and not yet welcome. @type {{id?: string, token?: string} | undefined} */
  #own;

  /** @param {Settings} settings @param {Store} [store] */
  constructor(settings, store) {
    this.#store = store;
    this.#saidId = settings.id ?? "";
    const kept = store?.identity(this.#saidId);
    if (kept) this.#own = { id: settings.id, token: settings.token };
    this.#session = new Session({ ...settings, ...kept }, store?.kept);
    this.#restored = this.#session.unacked + this.#session.dropped;
    this.#next = store ? store.kept.first + store.kept.messages.length : 1;
    // Without a connection there is nothing to say yet: it wants its boot marker, if anything.
    for (let output = this.#session.poll(); output; output = this.#session.poll()) this.#owed ||= output.do === "keep";
    // A full disk keeps no program from starting: what is there can be sent, and room comes of it.
    this.#mark();
  }

  /** Writes the boot marker, if one is wanted and not there yet. Answers whether it is there. */
  #mark() {
    try {
      if (this.#owed && this.#store) {
        if (this.#store.isKeeping) return false;
        this.#store.keepNow(this.#session.head, this.#session.heldFrom);
      }
      this.#owed = false;
      this.#marked = true;
    } catch {
      return false;
    }
    return true;
  }

  /**
   * Takes a message into the outbox. Answers whether it was accepted.
   * @param {Time} now
   * @param {[unknown, unknown][]} values
   * @param {unknown} ts
   */
  send(now, values, ts) {
    const message = this.#closed ? undefined : messages.samples(values, ts ?? now.wall);
    if (message === undefined || (!this.#marked && !this.#mark())) return false;
    try {
      this.#store?.append(this.#next, message);
    } catch {
      return false;
    }
    if (this.#store?.isFull) this.#makeRoom(this.#store);
    this.#next = this.#session.publish(now.mono, message) + 1;
    this.#accepted += 1;
    return true;
  }

  /** The program sends without ever letting go of its thread, or the disk is slow. @param {Store} store */
  #makeRoom(store) {
    // Without a head that says so, what is missing below the first file counts as dropped, and so it was.
    if (store.hasRoomToGive(this.#session.heldFrom)) store.giveBack(this.#session.heldFrom);
  }

  /**
   * Says values without keeping them. Answers whether that could be done.
   * @param {Time} now
   * @param {[unknown, unknown][]} values
   */
  sendUnnumbered(now, values) {
    const message = this.#closed ? undefined : messages.samples(values, now.wall);
    return message !== undefined && this.#session.publishUnnumbered(now.mono, message);
  }

  /** Answers whether `channels` describes some. @param {Time} now @param {unknown} channels */
  describe(now, channels) {
    const line = messages.describe(channels);
    if (line !== undefined) this.#session.describe(now.mono, line);
    return line !== undefined;
  }

  /** There is a connection. @param {Time} now */
  connected(now) {
    this.#asked = this.#session.name;
    this.#told = false;
    this.#session.connected(now.mono);
  }

  /** The connection is gone, or could not be made. Answers whether the program had been told of it. */
  disconnected() {
    this.#session.disconnected();
    const told = this.#told;
    this.#told = false;
    return told;
  }

  /**
   * Where the hub does not want what was kept, the device comes at once as what the program itself says: answers why the connection is
   * over, as if the hub had said that.
   * @param {Reason} reason
   */
  fallBack(reason) {
    if (!this.#own || reason.again !== "never") return reason;
    this.#session.introduce(this.#own.id, this.#own.token);
    this.#own = undefined;
    return /** @type {Reason} */ ({ ...reason, again: "now", comesBack: true });
  }

  /** The next run of the program is to have what the hub gave. Rejects with what the system says. @param {string} token */
  async keepToken(token) {
    await this.#store?.keepIdentity(this.#saidId, { id: this.id ?? "", token });
  }

  /**
   * Milliseconds after which to come back; nothing where it must not.
   * @param {Time} now
   * @param {Reason} reason
   * @param {number} random  in [0, 1)
   */
  comeBack(now, reason, random) {
    return this.#backoff.lost(now.mono, reason.again, reason.wait, random);
  }

  /** A line of the hub, without its end. @param {Time} now @param {string} line */
  line(now, line) {
    const held = this.#session.unacked;
    this.#session.line(now.mono, line);
    // A line only ever takes messages out, and only those that are taken over.
    this.#acked += held - this.#session.unacked;
    this.#store?.note(this.#session.head, this.#session.unacked);
  }

  /** @param {number} bytes  that the connection could not write yet */
  unsent(bytes) {
    this.#session.unsent(bytes);
  }

  /** @param {Time} now */
  timeout(now) {
    this.#session.timeout(now.mono);
  }

  /** When to call `timeout`, in monotonic milliseconds. */
  get due() {
    return this.#session.due;
  }

  /** @param {Time} now @param {Outcome} outcome */
  answer(now, outcome) {
    this.#session.answer(now.mono, outcome);
  }

  /** What is to be done next; nothing up to another input, or where a head is to be kept first. @param {Time} now @returns {Step | undefined} */
  poll(now) {
    while (!this.#owed) {
      const output = this.#session.poll();
      if (!output) break;
      const step = this.#step(now, output);
      if (step) return step;
    }
    return undefined;
  }

  /** @param {Time} now @param {Output} output @returns {Step | undefined} */
  #step(now, output) {
    if (output.do === "keep") this.#owed = this.#store !== undefined;
    else if (output.do === "close") return { do: "close", reason: reasonOf(output.ending) };
    else if (output.do !== "welcome") return output;
    else {
      this.#backoff.welcomed(now.mono);
      this.#own = undefined;
      const resumed = this.#asked !== undefined && this.#asked === this.#session.name;
      // Within a connection it identifies again for a session of this run; the program was told already.
      if (this.#told) return undefined;
      this.#told = true;
      return { do: "connected", resumed, token: output.welcome.token };
    }
    return undefined;
  }

  /** Whether a head is to be kept: because nothing may be said before (`owesHead`), or because it gives room. */
  get wantsKeep() {
    return this.#store !== undefined && (this.#owed || this.#store.hasRoomToGive(this.#session.heldFrom));
  }

  get owesHead() {
    return this.#owed;
  }

  /** Keeps the head. Rejects with what the system says; then it is wanted again. */
  async keep() {
    const asked = this.#owed;
    await this.#store?.keep(this.#session.head, this.#session.heldFrom);
    // What was asked for since is in no head yet.
    if (asked) [this.#owed, this.#marked] = [false, true];
  }

  /** Makes durable what is accepted. Rejects with what the system says. */
  async sync() {
    await this.#store?.sync();
  }

  get isStored() {
    return this.#store !== undefined;
  }

  /** Nothing is accepted any more. */
  close() {
    this.#closed = true;
  }

  get isClosed() {
    return this.#closed;
  }

  /** Lets go of the folder of the outbox. */
  async letGo() {
    const store = this.#store;
    this.#store = undefined;
    await store?.close();
  }

  get isWelcome() {
    return this.#session.isWelcome;
  }

  get id() {
    return this.#session.id;
  }

  get session() {
    return this.#session.name;
  }

  /** The position of the next message. */
  get next() {
    return this.#next;
  }

  /** Whether everything below `position` is taken over, or its loss is. @param {number} position */
  isTakenOver(position) {
    return this.#session.head.head >= position;
  }

  /** @returns {Books} */
  get books() {
    const { dropped, unacked: queued } = this.#session;
    return { accepted: this.#accepted, restored: this.#restored, acked: this.#acked, dropped, queued };
  }
}

/** @param {string} code @param {string} words @returns {Reason} */
export const reason = (code, words) => ({ code, words, comesBack: code !== "ended", again: "later", wait: 0 });

const WORDS = { silent: "Nothing was heard for two heartbeats.", stuck: "The hub took nothing over for too long." };

/** @param {Ending} ending @returns {Reason} */
function reasonOf(ending) {
  if (ending.why !== "told") return reason(ending.why, WORDS[ending.why]);
  const { code, again, wait } = ending.farewell;
  return { code, words: `The hub said goodbye: ${code}.`, comesBack: again !== "never", again, wait };
}
