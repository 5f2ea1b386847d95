// The head file of a stored outbox (rule D4). It has two slots, and the older one is overwritten in place: so there is a head
// that is whole whenever the power goes, and a head needs no room once the file is made. A slot holds its record twice, and is
// empty lines otherwise, so that no single damaged place loses it.

import fs from "node:fs";
import { join } from "node:path";
import { isGone, syncFolder, syncFolderLater } from "./folder.js";
import { ofHead, read } from "./record.js";

/** @import { Stamped } from "./record.js" */

/** What a disk writes at once. */
const SLOT_BYTES = 4096;
const FILE_BYTES = 2 * SLOT_BYTES;

export class HeadFile {
  #folder;
  /** The slot that does not have the newest head, 0 or 1. */
  #older = 0;
  /** That of the newest head that was written: never is an older one written over a newer. */
  #generation = 0;
  /** Whether the next head needs no room on the disk. */
  isMade = false;

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder;
  }

  get #path() {
    return join(this.#folder, "head");
  }

  /**
   * Reads the newest head that can be read, and how many bytes of the file are damaged.
   * @returns {{stamped?: Stamped, damaged: number}}
   */
  read() {
    let bytes;
    try {
      bytes = fs.readFileSync(this.#path);
      // What an earlier run wrote and did not live to sync must be there before the other slot is overwritten.
      const file = fs.openSync(this.#path, "r+");
      fs.fdatasyncSync(file);
      fs.closeSync(file);
    } catch (error) {
      if (!bytes) return { damaged: isGone(error) ? 0 : 1 };
    }
    this.isMade = bytes.length === FILE_BYTES;
    return this.#readSlots(bytes);
  }

  /** @param {Buffer} bytes */
  #readSlots(bytes) {
    /** @type {Stamped | undefined} */
    let stamped;
    let damaged = 0;
    for (let slot = 0; slot * SLOT_BYTES < bytes.length; slot += 1) {
      for (const line of lines(bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES))) {
        const record = read(line);
        if (!record || !("stamped" in record)) damaged += line.length;
        else if (record.stamped.generation >= (stamped?.generation ?? 0)) {
          stamped = record.stamped;
          this.#older = slot === 0 ? 1 : 0;
        }
      }
    }
    // An empty file is no head either.
    return { stamped, damaged: stamped ? damaged : Math.max(damaged, 1) };
  }

  /** Once this returns, a power cut leaves the head; before that, it or the one before. Throws what the system says. */
  writeNow(/** @type {Stamped} */ stamped) {
    if (stamped.generation < this.#generation) return;
    if (this.#isWhole(fs.statSync(this.#path, { throwIfNoEntry: false }))) {
      const file = fs.openSync(this.#path, "r+");
      try {
        fs.writeSync(file, slotOf(stamped), 0, SLOT_BYTES, this.#older * SLOT_BYTES);
        fs.fdatasyncSync(file);
      } finally {
        fs.closeSync(file);
      }
    } else {
      const file = fs.openSync(`${this.#path}.new`, "w");
      try {
        fs.writeFileSync(file, twice(slotOf(stamped)));
        fs.fsyncSync(file);
      } finally {
        fs.closeSync(file);
      }
      fs.renameSync(`${this.#path}.new`, this.#path);
      syncFolder(this.#folder);
    }
    this.#written(stamped);
  }

  /** The same without holding up the program. Not two at a time, nor one beside `writeNow`. */
  async write(/** @type {Stamped} */ stamped) {
    if (stamped.generation < this.#generation) return;
    const stat = await fs.promises.stat(this.#path).catch(() => undefined);
    if (this.#isWhole(stat)) {
      const file = await fs.promises.open(this.#path, "r+");
      const written = file.write(slotOf(stamped), 0, SLOT_BYTES, this.#older * SLOT_BYTES).then(() => file.datasync());
      await written.finally(() => file.close());
    } else {
      const file = await fs.promises.open(`${this.#path}.new`, "w");
      const written = file.writeFile(twice(slotOf(stamped))).then(() => file.sync());
      await written.finally(() => file.close());
      await fs.promises.rename(`${this.#path}.new`, this.#path);
      await syncFolderLater(this.#folder);
    }
    this.#written(stamped);
  }

  /** @param {fs.Stats | undefined} stat */
  #isWhole = (stat) => stat?.isFile() && stat.size === FILE_BYTES;

  /** @param {Stamped} stamped */
  #written(stamped) {
    this.#older = 1 - this.#older;
    this.#generation = stamped.generation;
    this.isMade = true;
  }
}

/** @param {Stamped} stamped */
function slotOf(stamped) {
  const line = ofHead(stamped);
  const slot = Buffer.alloc(SLOT_BYTES, "\n");
  line.copy(slot, 0);
  line.copy(slot, SLOT_BYTES / 2);
  return slot;
}

/** @param {Buffer} slot */
const twice = (slot) => Buffer.concat([slot, slot]);

/** Lines that are not empty. @param {Buffer} bytes */
function* lines(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(10, at);
    const end = found < 0 ? bytes.length : found;
    if (end > at) yield bytes.subarray(at, end);
    at = end + 1;
  }
}
