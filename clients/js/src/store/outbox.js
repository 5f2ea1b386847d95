// An outbox in a folder: what was accepted and not yet taken over survives the end of the program, however it comes.
//
//   boiler-7.outbox/
//     00000000000000000001.log    messages, one a line, and heads; named for the position of its first message
//     00000000000000004711.log
//     head                        what is taken over, and the session that the rest is numbered in: the last two
//     identity                    what the hub gave the device: its id, and a token of its own
//     lock                        names the program that uses the folder
//
// Once `append` returned, `kill -9` does not lose the message; once a `sync` succeeded, a power cut does not; once a `keep`
// succeeded, the head is on disk (D4). Files whose messages are all taken over or dropped are removed.

import fs from "node:fs";
import { resolve } from "node:path";
import { FILE_BYTES_MAX, FILE_BYTES_MIN, HEAD_EVERY_MESSAGES } from "../limits.js";
import { isGone, logPath, makeFolder, syncFolderLater } from "./folder.js";
import { HeadFile } from "./head.js";
import { readIdentity, writeIdentity } from "./identity.js";
import { lock } from "./lock.js";
import * as record from "./record.js";
import { recover } from "./recovery.js";

/** @import { Head } from "../session/session.js" */

/**
 * One file of the log. `suspect`: the system failed to sync it, and may since have forgotten what it did not write.
 * @typedef {{first: number, bytes: number, state: "synced" | "unsynced" | "suspect"}} Segment
 */

export class FileOutbox {
  #folder;
  #lock;
  #headFile;
  #fileBytes;
  #logBytesMax;
  /** @type {Segment[]} */
  #segments;
  /** The last segment's file; nothing where the next message begins another one. @type {number | undefined} */
  #file;
  /** The last write failed: what it left of a line is cut off before the next. */
  #torn = false;
  /** The position of the next message. */
  #next;
  #generation;
  /** The newest head that was written, be it to the log or to its file. @type {{generation: number, head: Head}} */
  #noted;
  /** Works on the disk, one after another. @type {Promise<unknown>} */
  #works = Promise.resolve();
  /** Such a work writes the head. */
  #keeping = false;
  /** What a device goes on with, and what was lost. */
  kept;
  report;

  /**
   * Opens the outbox in `folder`, which is made if need be. Throws where another program uses it or the folder cannot be made.
   * Damaged contents are no error.
   * @param {string} folder
   * @param {number} bytesMax  of the lines that are held
   */
  constructor(folder, bytesMax) {
    this.#folder = resolve(folder);
    this.#fileBytes = Math.min(Math.max(Math.floor(bytesMax / 8), FILE_BYTES_MIN), FILE_BYTES_MAX);
    // Twice what is held, for what stands beside the messages, and some files.
    this.#logBytesMax = 2 * bytesMax + 4 * this.#fileBytes;
    makeFolder(this.#folder);
    const locked = lock(this.#folder);
    if (!locked) throw new Error(`the outbox ${folder} is in use by another program`);
    this.#lock = locked;
    this.#headFile = new HeadFile(this.#folder);
    const { kept, logs, next, stamped, end, report } = recover(this.#folder, this.#headFile);
    this.#segments = logs.map((log) => ({ ...log, state: "unsynced" }));
    this.#next = next;
    this.#generation = stamped.generation;
    this.#noted = { generation: stamped.generation, head: stamped.head };
    this.kept = kept;
    this.report = report;
    this.#goOn(end);
  }

  /** Writes behind the whole lines of the last file if that can be done, and begins another one if it cannot. */
  #goOn(/** @type {import("./recovery.js").End} */ end) {
    const { damages, missing, headDamaged, headLost } = this.report;
    const damaged = damages.length > 0 || missing.length > 0 || headDamaged > 0 || headLost;
    try {
      if (damaged) {
        // What is known of the missing must not be forgotten with what told it: no position is to be used again. Both slots:
        // one may be what is damaged.
        this.#generation += 1;
        this.#noted.generation = this.#generation;
        this.#headFile.writeNow(this.#lastNoted());
        this.#headFile.writeNow(this.#lastNoted());
      } else if (!this.#headFile.isMade) {
        this.#headFile.writeNow(this.#lastNoted());
      }
    } catch {
      // On a full disk that is tried again before the log takes anything.
      if (damaged) return;
    }
    const last = this.#segments.at(-1);
    if (!last || end === "unreadable") return;
    try {
      this.#mendEnd(last, end);
      // So that what follows is known to follow that. It is in the head's file in any case.
      if (damaged) this.#write(record.ofHead(this.#lastNoted()));
    } catch {
      this.#closeFile();
    }
  }

  #mendEnd(/** @type {Segment} */ last, /** @type {import("./recovery.js").End} */ end) {
    const path = logPath(this.#folder, last.first);
    if (typeof end === "object") {
      fs.truncateSync(path, end.torn);
      last.bytes = end.torn;
    }
    this.#file = fs.openSync(path, "a");
    if (end !== "unended") return;
    fs.writeSync(this.#file, "\n");
    last.bytes += 1;
  }

  /** Puts a message behind all others. Throws what the system says: then it is not in the outbox. */
  append(/** @type {number} */ position, /** @type {string} */ message) {
    this.#write(record.ofMessage(position, message));
    this.#next = position + 1;
  }

  /** Notes the head in the log, where enough was taken over since the last time. Nothing is synced. */
  note(/** @type {Head} */ head, /** @type {number} */ held) {
    const takenOver = head.head - this.#noted.head.head;
    if (takenOver >= HEAD_EVERY_MESSAGES || (takenOver > 0 && held === 0)) this.#writeHead(head);
  }

  /** Whether a `keep` would give back a file. */
  hasRoomToGive(/** @type {number} */ heldFrom) {
    return this.#segments.length > 1 && this.#segments[1].first <= heldFrom;
  }

  /** Whether the log is so long that it is not left to later to give back what can be. */
  get isFull() {
    return this.#segments.reduce((bytes, segment) => bytes + segment.bytes, 0) > this.#logBytesMax;
  }

  /** Whether the head is being written: then it cannot be written at once. */
  get isKeeping() {
    return this.#keeping;
  }

  /** Replaces the head, and gives back what lies below `heldFrom`. Rejects with what the system says. */
  async keep(/** @type {Head} */ head, /** @type {number} */ heldFrom) {
    // The log has it too, for the case that its file is damaged; what counts is its file.
    this.#writeHead(head);
    const stamped = this.#lastNoted();
    this.#keeping = true;
    const written = this.#works.then(() => this.#headFile.write(stamped));
    this.#works = written.catch(() => {});
    await written.finally(() => (this.#keeping = false));
    this.giveBack(heldFrom);
  }

  /** The same at once, holding up the program: at its start. Not while the head is being written. */
  keepNow(/** @type {Head} */ head, /** @type {number} */ heldFrom) {
    this.#writeHead(head);
    this.#headFile.writeNow(this.#lastNoted());
    this.giveBack(heldFrom);
  }

  /** Removes the files below `heldFrom`. */
  giveBack(/** @type {number} */ heldFrom) {
    while (this.hasRoomToGive(heldFrom)) {
      // One that stays is found by the next run of the program.
      const { first } = /** @type {Segment} */ (this.#segments.shift());
      try {
        fs.unlinkSync(logPath(this.#folder, first));
      } catch {
        continue;
      }
    }
  }

  /** Makes durable all that was put in so far. Rejects with what the system says. */
  sync() {
    const synced = this.#works.then(() => this.#syncSegments());
    this.#works = synced.catch(() => {});
    return synced;
  }

  async #syncSegments() {
    if (this.#segments.at(-1)?.state === "suspect") this.#closeFile();
    // One that failed and has no message is begun anew instead, with the next message.
    const unsynced = this.#segments.filter(
      ({ state, first }) => state === "unsynced" || (state === "suspect" && first !== this.#next),
    );
    const works = unsynced.map((segment) => ({ segment, bytes: segment.bytes }));
    try {
      for (const { segment, bytes } of works) {
        if (segment.state === "suspect") await copyFile(logPath(this.#folder, segment.first), bytes);
        else await syncFile(logPath(this.#folder, segment.first));
      }
      await syncFolderLater(this.#folder);
    } catch (error) {
      for (const { segment } of works) segment.state = "suspect";
      throw error;
    }
    for (const { segment, bytes } of works) if (segment.bytes === bytes) segment.state = "synced";
  }

  /** What an earlier run of a program that says it is `asked` was given. */
  identity(/** @type {string} */ asked) {
    return readIdentity(this.#folder, asked);
  }

  /** Keeps it. Rejects with what the system says. */
  keepIdentity(/** @type {string} */ asked, /** @type {import("./identity.js").Identity} */ identity) {
    const written = this.#works.then(() => writeIdentity(this.#folder, asked, identity));
    this.#works = written.catch(() => {});
    return written;
  }

  /** Lets go of the folder, once what is under way there is done. */
  async close() {
    await this.#works;
    this.#closeFile();
    this.#lock.release();
  }

  #lastNoted() {
    return { ...this.#noted, next: this.#next };
  }

  #writeHead(/** @type {Head} */ head) {
    this.#generation += 1;
    this.#noted = { generation: this.#generation, head };
    try {
      this.#write(record.ofHead(this.#lastNoted()));
    } catch {
      // It is told again with the next one.
    }
  }

  /** Adds whole lines to the log, in another file where the last one is full. */
  #write(/** @type {Buffer} */ lines) {
    const bytes = this.#segments.at(-1)?.bytes ?? 0;
    if (bytes > 0 && bytes + lines.length > this.#fileBytes) this.#closeFile();
    if (this.#torn) this.#cutOff();
    const file = this.#file ?? this.#beginFile();
    const last = /** @type {Segment} */ (this.#segments.at(-1));
    this.#torn = true;
    writeAll(file, lines);
    this.#torn = false;
    last.bytes += lines.length;
    if (last.state === "synced") last.state = "unsynced";
  }

  /** Cuts off what a failed write left, and begins another file: on a full disk this one can be given back then. */
  #cutOff() {
    this.#torn = false;
    const last = this.#segments.at(-1);
    try {
      if (this.#file !== undefined && last) fs.ftruncateSync(this.#file, last.bytes);
    } catch {
      // What is left there is found to be damaged, and no loss: it was not accepted.
    }
    this.#closeFile();
  }

  /** Begins the file that the next message is the first of. One of that name holds no message yet: it is replaced. */
  #beginFile() {
    // The log may take all the room there is, and what is in it could not be said without a head.
    if (!this.#headFile.isMade) {
      if (this.#keeping) throw new Error("the head is being made");
      this.#headFile.writeNow(this.#lastNoted());
    }
    const path = logPath(this.#folder, this.#next);
    fs.rmSync(path, { force: true });
    if (this.#segments.at(-1)?.first === this.#next) this.#segments.pop();
    const file = fs.openSync(path, "ax");
    this.#file = file;
    const segment = { first: this.#next, bytes: 0, state: /** @type {const} */ ("unsynced") };
    this.#segments.push(segment);
    // So that each file tells where the log stood when it was begun: what came before may be gone.
    const head = record.ofHead(this.#lastNoted());
    this.#torn = true;
    writeAll(file, head);
    this.#torn = false;
    segment.bytes = head.length;
    return file;
  }

  #closeFile() {
    if (this.#file !== undefined) fs.closeSync(this.#file);
    this.#file = undefined;
  }
}

/** @param {number} file @param {Buffer} bytes */
function writeAll(file, bytes) {
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(file, bytes, at);
}

/** @param {string} path */
async function syncFile(path) {
  try {
    const file = await fs.promises.open(path, "r");
    await file.datasync().finally(() => file.close());
  } catch (error) {
    // Given back meanwhile.
    if (!isGone(error)) throw error;
  }
}

/**
 * After a failed sync the system may count as written what it could not write. So the file is written again, from what can be
 * read of it, if that is still whole.
 * @param {string} path
 * @param {number} bytes
 */
async function copyFile(path, bytes) {
  const content = await fs.promises.readFile(path).catch((error) => {
    if (!isGone(error)) throw error;
  });
  if (!content) return;
  const lines = content.toString("latin1").split("\n");
  const whole = lines.slice(0, -1).every((line) => line === "" || record.read(Buffer.from(line, "latin1")));
  if (content.length < bytes || !whole || lines.at(-1) !== "") {
    throw new Error("what the system failed to write can no longer be read");
  }
  const copy = `${path}.copy`;
  const file = await fs.promises.open(copy, "w");
  await file.writeFile(content).then(() => file.sync()).finally(() => file.close());
  // A file that was given back meanwhile must not come again.
  await fs.promises.access(path).then(() => fs.promises.rename(copy, path), () => fs.promises.unlink(copy));
}
