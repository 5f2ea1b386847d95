// This library in a program of its own (conformance.js), which a test may kill.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach } from "node:test";
import { inTime } from "../../../../e2e/deadline.js";

/** @type {Set<Driver>} */
const running = new Set();

// One that a failed test left would go on for ever.
afterEach(() => Promise.all([...running].map((driver) => driver.kill())));

export class Driver {
  /** The program and its first arguments. */
  static program = [process.execPath, join(import.meta.dirname, "../../conformance.js")];
  #program;
  /** @type {Record<string, any>[]} */
  events = [];
  #wake = () => {};

  /** @param {string[]} words  its arguments */
  constructor(...words) {
    const [program, ...first] = new.target.program;
    this.#program = spawn(program, [...first, ...words], { stdio: ["pipe", "pipe", "inherit"] });
    running.add(this);
    createInterface({ input: this.#program.stdout }).on("line", (line) => {
      this.events.push(JSON.parse(line));
      this.#wake();
    });
  }

  /** @param {string[]} orders */
  orders(...orders) {
    this.#program.stdin.write(orders.map((order) => `${order}\n`).join(""));
  }

  /** The first event of that name that was not waited for before. @param {string} event */
  async event(event) {
    for (;;) {
      const at = this.events.findIndex((one) => one.event === event);
      if (at >= 0) return this.events.splice(at, 1)[0];
      await inTime(`the event ${event}`, new Promise((resolve) => (this.#wake = () => resolve(undefined))), 60_000);
    }
  }

  async kill() {
    running.delete(this);
    if (this.#program.exitCode !== null || this.#program.signalCode !== null) return;
    this.#program.kill("SIGKILL");
    await once(this.#program, "close");
  }
}
