// The clock of a device, which jumps when the harness wants it: libfaketime, where it is installed, from a file that says how far off it is.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PLACES = ["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`);
const LIBRARY = PLACES.find((place) => existsSync(place));
/** How far it jumps, either way, s. */
const JUMP_S_MAX = 2 * 3600;

export class Clock {
  #file;

  /** Whether clocks can jump here. */
  static get isThere() {
    return LIBRARY !== undefined;
  }

  /** @param {string} folder */
  constructor(folder) {
    this.#file = join(folder, "clock");
    writeFileSync(this.#file, "+0\n");
  }

  /** What a program is started with, so that this is its clock. The one that only counts on goes on as it does. @returns {Record<string, string>} */
  get environment() {
    if (!LIBRARY) return {};
    const told = { FAKETIME_TIMESTAMP_FILE: this.#file, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1" };
    return { LD_PRELOAD: LIBRARY, ...told };
  }

  /** Jumps to somewhere within two hours of the time that it is. @param {() => number} random */
  jump(random) {
    const off = Math.round((random() * 2 - 1) * JUMP_S_MAX);
    writeFileSync(this.#file, `${off < 0 ? "" : "+"}${off}\n`);
  }
}
