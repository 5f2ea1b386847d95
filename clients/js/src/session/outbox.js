// What a device sent, or has yet to send, and nobody acked (rule D5), by position: every message gets one, 1, 2, 3 …, counted
// over all sessions and all runs of the program. What lies between the head and the first message that is held is gone; that
// is what a `skip` declares.

import { textBytes } from "./text.js";

/**
 * How much an outbox holds.
 * @typedef {object} Bounds
 * @property {number} messages  at least 1
 * @property {number} bytes  of lines, numbers not counted; a single message is held whatever its size
 */

/**
 * What stood in the storage of an earlier run: see `Kept` in session.js.
 * @typedef {object} Contents
 * @property {number} head
 * @property {number} first
 * @property {(string | undefined)[]} messages
 */

/** What a line has around a message's members: braces and its end. */
const AROUND_BYTES = 3;

export class Outbox {
  /** @type {Bounds} */
  #bounds;
  /** Undefined: a storage had it and can no longer read it. The first is never such. @type {(string | undefined)[]} */
  #messages = [];
  /** Index of the first that is held; what stands before is cleared away now and then. */
  #from = 0;
  #bytes = 0;
  /** Everything below it that is not taken over was dropped for want of room; 0 for none. */
  #droppedBelow = 0;
  /** The position of the next message. */
  next = 1;
  /** Everything below it is taken over. */
  head = 1;
  /** Messages dropped so far because there was no room. */
  dropped = 0;

  /** @param {Bounds} bounds @param {Contents} [contents]  where it is stored; if there is no room for all, the oldest go */
  constructor(bounds, contents) {
    this.#bounds = bounds;
    if (!contents) return;
    const head = Math.max(contents.head, 1);
    const first = Math.max(contents.first, 1);
    this.next = first;
    this.head = Math.min(head, first);
    this.#droppedBelow = first > head ? first : 0;
    for (const message of contents.messages) this.push(message);
    this.takeOver(head);
    // A tail that was taken over was lost. Its positions stay used.
    if (head > this.next) this.next = this.head = head;
  }

  /**
   * Adds a message behind all others, and answers its position; where there is no room, the oldest go.
   * @param {string | undefined} message  its members, as they stand between the braces
   */
  push(message) {
    const position = this.next++;
    this.#messages.push(message);
    this.#bytes += bytesOf(message);
    while (this.length > Math.max(this.#bounds.messages, 1) || (this.#bytes > this.#bounds.bytes && this.length > 1)) {
      this.#dropFirst();
    }
    return position;
  }

  /** Messages that are held. */
  get length() {
    return this.#messages.length - this.#from;
  }

  /** The position of the first message that is held, or of the next one. */
  get first() {
    return this.next - this.length;
  }

  /** The message at `position`; nothing where there is none, or none that can be read. @param {number} position */
  get(position) {
    return position < this.first ? undefined : this.#messages[this.#from + position - this.first];
  }

  /** Why what lies below `position`, the first that is held or one before it, is lost. @param {number} position */
  reason(position) {
    return this.#droppedBelow >= position ? "overflow" : "lost";
  }

  /**
   * Everything below `position` is taken over, and nothing from there on: what was taken over once and is no longer counts as
   * lost. At most up to the next one.
   * @param {number} position
   */
  takeOver(position) {
    const until = Math.min(position, this.next);
    while (this.first < until && this.length > 0) this.#removeFirst();
    this.#removeUnreadable();
    this.head = until;
  }

  /** Rule D5: a loss stays behind the head until it is declared. */
  #dropFirst() {
    const first = this.first;
    this.#removeFirst();
    this.#removeUnreadable();
    this.#droppedBelow = this.first;
    this.dropped += this.#droppedBelow - first;
  }

  /**
   * What can no longer be read becomes a loss to declare as soon as it is the first. Not before: a skip takes with it what
   * the hub side lacks of all that stands below.
   */
  #removeUnreadable() {
    while (this.length > 0 && this.#messages[this.#from] === undefined) this.#removeFirst();
  }

  #removeFirst() {
    this.#bytes -= bytesOf(this.#messages[this.#from]);
    this.#messages[this.#from] = undefined;
    this.#from += 1;
    if (this.#from > 64 && this.#from > this.#messages.length / 2) {
      this.#messages.splice(0, this.#from);
      this.#from = 0;
    }
  }
}

/** @param {string | undefined} message */
const bytesOf = (message) => (message === undefined ? 0 : textBytes(message) + AROUND_BYTES);
