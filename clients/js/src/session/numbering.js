// What a device says of its log, and what an ack, a nak and a window change (D2, D3, D5, D6). Positions are compared; a number is
// made where a line is written, and read where one comes.

import { LINE_BYTES_MAX } from "../limits.js";
import * as messages from "./messages.js";
import { Outbox } from "./outbox.js";
import { textBytes } from "./text.js";

/** @import { Kept, KeptSession } from "./session.js" */

export class Numbering {
  outbox;
  /** @type {KeptSession | undefined} */
  session;
  /** How many may be unacked. */
  window = 0;
  /** Bytes of the longest line the hub side reads. */
  lineMax = LINE_BYTES_MAX;
  /** Everything below this position was said since the last going back. */
  #said = 1;
  /** Everything below this position may have been said in this session: no ack goes beyond it. */
  #saidMax = 1;

  /** @param {import("./outbox.js").Bounds} bounds @param {Kept} [kept] */
  constructor(bounds, kept) {
    this.outbox = new Outbox(bounds, kept);
    this.goBack();
  }

  /**
   * D3: a session that an earlier run left undrained is taken up first. D2: it ends where this run begins, or an earlier one.
   * Answers whether there was one.
   * @param {KeptSession | undefined} kept
   */
  takeUp(kept) {
    const { head, next } = this.outbox;
    if (!kept || kept.begin < 1 || kept.begin > head) return false;
    const end = Math.min(kept.end ?? next, next);
    this.#saidMax = end;
    this.session = head < end ? { ...kept, end } : undefined;
    return true;
  }

  /** D3: in a session that begins now, all that is not taken over is numbered anew. @param {string} session */
  open(session) {
    this.session = { session, begin: this.outbox.head };
    this.#saidMax = this.outbox.head;
  }

  /** Number of the lowest that is held, or of the next one, for an identify; nothing without a session. */
  oldest() {
    const first = this.#within(this.outbox.first);
    // What it no longer holds the hub side may take as a gap, and ack (H3).
    this.#saidMax = Math.max(this.#saidMax, first);
    return this.session && first - this.session.begin + 1;
  }

  /** What a welcome to this session says is taken over. False: it counts what was never said. @param {number} ack */
  resume(ack) {
    const takenOver = this.#behind(ack);
    if (takenOver > this.#saidMax) return false;
    this.outbox.takeOver(takenOver);
    return true;
  }

  /** Answers whether it is progress. @param {number} seq */
  ack(seq) {
    const takenOver = this.#behind(seq);
    if (takenOver <= this.outbox.head || takenOver > this.#saidMax) return false;
    this.outbox.takeOver(takenOver);
    this.#said = Math.max(this.#said, takenOver);
    return true;
  }

  /** What was dropped meanwhile is answered with a skip. @param {number} seq */
  nak(seq) {
    const back = this.#behind(seq - 1);
    if (seq >= 1 && back >= this.outbox.head && back < this.#said) this.#said = back;
  }

  /** Everything unacked counts as not said. */
  goBack() {
    this.#said = this.outbox.head;
  }

  /** D3: a session of an earlier run is over once all of it is taken over. */
  get isOver() {
    return this.session?.end !== undefined && this.outbox.head >= this.session.end;
  }

  /** Whether something waits for an ack, or for the window to open. */
  get isWaiting() {
    const { head, next } = this.outbox;
    return this.window === 0 ? this.#within(next) > head : this.#said > head;
  }

  /** What the window lets through next, if anything. */
  next() {
    return this.window > this.#inFlight() ? this.#nextLine() : undefined;
  }

  /** The first unacked one once more, whatever the window. */
  first() {
    const said = this.#said;
    this.goBack();
    const line = this.#nextLine();
    this.#said = Math.max(this.#said, said);
    return line;
  }

  /** The position behind that of a number; without a session one that nothing reaches. @param {number} seq */
  #behind(seq) {
    return this.session ? this.#within(this.session.begin + seq) : Infinity;
  }

  /** `position`, or the end of what may be said in this session where that comes first. @param {number} position */
  #within(position) {
    return Math.min(position, this.session?.end ?? Infinity);
  }

  /** The position behind the loss that this session has to declare, where there is one. */
  #loss() {
    const behind = this.#within(this.outbox.first);
    return behind > this.outbox.head ? behind : undefined;
  }

  /** Messages, or the loss of some, said and not acked. */
  #inFlight() {
    const loss = this.#loss();
    const declared = loss !== undefined && loss <= this.#said ? 1 : 0;
    return Math.max(0, this.#said - this.outbox.first) + declared;
  }

  /** The line that is to be said next: a message, or that what was to stand there is lost. */
  #nextLine() {
    if (!this.session) return undefined;
    const { begin } = this.session;
    const loss = this.#loss();
    let line;
    if (loss !== undefined && this.#said < loss) {
      this.#said = loss;
      line = messages.skip(loss - begin, this.outbox.reason(loss));
    } else if (this.#said < this.#within(this.outbox.next)) {
      // One that can no longer be read is waited for: it is declared when all before it is acked.
      const message = this.outbox.get(this.#said);
      if (message === undefined) return undefined;
      line = this.#numbered(this.#said - begin + 1, message);
      this.#said += 1;
    }
    this.#saidMax = Math.max(this.#saidMax, this.#said);
    return line;
  }

  /** With how many messages are held, where those are more than the window lets out and the line has room for it. */
  #numbered(/** @type {number} */ seq, /** @type {string} */ message) {
    const held = this.outbox.length;
    const line = messages.numbered(seq, message, held > this.window ? held : undefined);
    const fits = held <= this.window || line.length * 3 <= this.lineMax || textBytes(line) <= this.lineMax;
    return fits ? line : messages.numbered(seq, message);
  }
}
