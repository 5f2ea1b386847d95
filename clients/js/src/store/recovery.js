// Reads a stored outbox as the last run of the program left it: what can be read is found, and what is missing is said. A log is
// read line by line: the end of a line is where reading takes up again behind a damage.

import fs from "node:fs";
import { MISSING_MESSAGES_MAX } from "../limits.js";
import { listLogs, logPath } from "./folder.js";
import * as record from "./record.js";

/** @import { HeadFile } from "./head.js" */

/**
 * What an outbox was found to have lost when it was opened. Usually: nothing.
 * @typedef {object} Report
 * @property {number} restored  messages that are there and not known to be taken over
 * @property {{file: string, offset: number, bytes: number}[]} damages  places of the log that could not be read
 * @property {[number, number][]} missing  positions, from and to, whose messages are gone; declared to the hub
 * @property {number} headDamaged  bytes of the head file that could not be read; it has everything twice
 * @property {boolean} headLost  no head could be read at all: what is there is sent as if none of it had been sent before
 */

/**
 * How the last file ends: with a whole line; with one that lacks its end; damaged from a byte on; nobody knows.
 * @typedef {"whole" | "unended" | "unreadable" | {torn: number}} End
 */

/** The log as far as it was read. */
class Reading {
  /** @type {Map<number, string>} */
  messages = new Map();
  /** @type {record.Stamped | undefined} */
  stamped;
  /** Above every position that is in the log or was damaged in it. */
  next = 1;
  /** @type {End} */
  end = "whole";
  /** @type {Report["damages"]} */
  damages = [];

  /** @param {string} file @param {number} first  its first position @param {number} size */
  readFile(file, first, size) {
    this.end = "whole";
    this.next = Math.max(this.next, first);
    let bytes;
    try {
      bytes = fs.readFileSync(file);
    } catch {
      this.damages.push({ file, offset: 0, bytes: size });
      this.end = "unreadable";
      return;
    }
    const { damages, unended } = this.#readLines(bytes, first);
    if (unended) this.end = "unended";
    const last = damages.at(-1);
    if (last && last.offset + last.bytes === bytes.length) {
      this.#tear(bytes.subarray(last.offset));
      this.end = { torn: last.offset };
    }
    this.damages.push(...damages.map((damage) => ({ file, ...damage })));
  }

  /** @param {Buffer} bytes @param {number} first */
  #readLines(bytes, first) {
    /** @type {{offset: number, bytes: number}[]} */
    const damages = [];
    let unended = false;
    for (let at = 0; at < bytes.length; ) {
      const found = bytes.indexOf(10, at);
      unended = found < 0;
      const behind = unended ? bytes.length : found + 1;
      const line = bytes.subarray(at, unended ? behind : found);
      const read = record.read(line);
      // A file is named for its first message: what lies below it was never written there. An empty line ended a failed write.
      const whole = read ? !("position" in read) || read.position >= first : line.length === 0;
      if (read && whole) this.#take(read);
      if (!whole) {
        const last = damages.at(-1);
        if (last && last.offset + last.bytes === at) last.bytes += behind - at;
        else damages.push({ offset: at, bytes: behind - at });
      }
      at = behind;
    }
    return { damages, unended };
  }

  /** @param {record.Record} read */
  #take(read) {
    if ("position" in read) {
      this.next = Math.max(this.next, read.position + 1);
      if (!this.messages.has(read.position)) this.messages.set(read.position, read.message);
    } else {
      this.next = Math.max(this.next, read.stamped.next);
      if (read.stamped.generation >= (this.stamped?.generation ?? 0)) this.stamped = read.stamped;
    }
  }

  /** At least one message was in these bytes, unless they are those of a head: their positions are not used again. @param {Buffer} torn */
  #tear(torn) {
    const last = record.lastClaimed(torn, this.next);
    if (last !== undefined || !record.isRestOfHead(torn)) this.next = (last ?? this.next) + 1;
  }
}

/**
 * Reads the outbox in `folder`. Throws where the folder itself cannot be listed; damaged contents are no error.
 * @param {string} folder
 * @param {HeadFile} headFile
 */
export function recover(folder, headFile) {
  const head = headFile.read();
  const reading = new Reading();
  reading.stamped = head.stamped;
  const logs = withoutStrange(listLogs(folder), ({ first, bytes }) =>
    reading.damages.push({ file: logPath(folder, first), offset: 0, bytes }),
  );
  for (const { first, bytes } of logs) reading.readFile(logPath(folder, first), first, bytes);
  const last = logs.at(-1);
  if (last && reading.end === "unreadable") {
    // As many as it may hold were used.
    const messages = Math.ceil(last.bytes / record.MESSAGE_BYTES_MIN);
    reading.next = Math.max(reading.next, last.first + Math.min(Math.max(messages, 1), MISSING_MESSAGES_MAX));
  }
  // What the head's file says of the next position counts behind the log, not within it.
  const stamped = reading.stamped ?? { generation: 0, next: 1, head: { head: 1 } };
  const next = Math.max(reading.next, head.stamped?.next ?? 1, stamped.next, stamped.head.head);
  const { kept, restored, missing } = keptOf(reading.messages, stamped.head, logs[0]?.first ?? next, next);
  const headLost = !reading.stamped && (head.damaged > 0 || logs.length > 0);
  /** @type {Report} */
  const report = { restored, damages: reading.damages, missing, headDamaged: head.damaged, headLost };
  return { kept, logs, next, stamped, end: reading.end, report };
}

/**
 * A file so far behind the one before it is none that an outbox ever makes: it counts as damaged, whole.
 * @param {{first: number, bytes: number}[]} logs
 * @param {(log: {first: number, bytes: number}) => void} strange
 */
function withoutStrange(logs, strange) {
  let before = logs[0]?.first ?? 0;
  return logs.filter((log) => {
    const near = log.first - before <= MISSING_MESSAGES_MAX;
    if (near) before = log.first;
    else strange(log);
    return near;
  });
}

/**
 * What the device holds: from the first position that is neither taken over nor given back with its file, to the next one.
 * @param {Map<number, string>} messages
 * @param {import("../session/session.js").Head} head
 * @param {number} givenBack  the position at which the first file begins
 * @param {number} next
 */
function keptOf(messages, head, givenBack, next) {
  const lowest = messages.keys().next().value ?? next;
  const first = Math.max(head.head, Math.min(givenBack, lowest));
  /** @type {(string | undefined)[]} */
  const held = [];
  /** @type {[number, number][]} */
  const missing = [];
  for (let position = first; position < next; position += 1) {
    const message = messages.get(position);
    held.push(message);
    const run = missing.at(-1);
    if (message !== undefined) continue;
    if (run && run[1] + 1 === position) run[1] = position;
    else missing.push([position, position]);
  }
  const restored = held.filter((message) => message !== undefined).length;
  return { kept: { ...head, first, messages: held }, restored, missing };
}
