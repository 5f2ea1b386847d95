// A device of some library, driven from here.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { inTime } from "../../e2e/deadline.js";

/** How long an answer may take, ms: generous, since a whole machine's faults are played meanwhile. */
const ANSWER_MS = 60_000;

/**
 * One event of a driver (clients/CONFORMANCE.md).
 * @typedef {{event: string} & Record<string, any>} Event
 */

export class Driver {
  /** Values of the commands that it began, in this order. @type {unknown[]} */
  commands = [];
  /** How many messages `send` accepted in this run. */
  accepted = 0;
  /** How long each send took, µs. @type {number[]} */
  took = [];
  /** The same without the time in which its thread was ready and others had the processor. @type {number[]} */
  tookItself = [];
  /** Everything that it said on its standard error. */
  log = "";
  /** Whether it has ended. */
  ended = false;
  #program;
  /** @type {Map<string, ((event: Event) => void)[]>} */
  #waiting = new Map();
  #sends = 0;
  /** @type {Promise<number | null>} */
  #end;
  /** @type {(value: number) => void} */
  #onAccepted;

  /**
   * @param {import("./libraries.js").Library} library
   * @param {string[]} words  its arguments
   * @param {(value: number) => void} onAccepted  told the number of each send that was accepted, in this order
   * @param {Record<string, string>} [environment]  besides this program's own
   */
  constructor(library, words, onAccepted, environment = {}) {
    const [program, ...before] = library.driver;
    this.#onAccepted = onAccepted;
    this.#program = spawn(/** @type {string} */ (program), [...before, ...words], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    this.#program.stdin.on("error", () => {}); // it was killed: its end tells
    this.#program.stderr.on("data", (text) => (this.log = (this.log + text).slice(-20_000)));
    this.#end = new Promise((resolve) => {
      this.#program.once("error", () => resolve(null));
      this.#program.once("close", resolve);
    }).then((code) => {
      this.ended = true;
      return /** @type {number | null} */ (code);
    });
    createInterface({ input: this.#program.stdout }).on("line", (line) => this.#heard(JSON.parse(line)));
  }

  /** Says an order; gives what it answers. @param {string} order @param {string} answer the name of the event */
  ask(order, answer) {
    const answered = this.next(answer);
    this.order(order);
    return answered;
  }

  /** Says an order. @param {string} order */
  order(order) {
    if (!this.ended) this.#program.stdin.write(`${order}\n`);
  }

  /** The next event of this name. @param {string} name @returns {Promise<Event>} */
  next(name) {
    const event = new Promise((resolve) => {
      const waiting = this.#waiting.get(name) ?? [];
      this.#waiting.set(name, [...waiting, resolve]);
    });
    const gone = this.#end.then((code) => Promise.reject(new Error(`it ended with ${code}:\n${this.log}`)));
    gone.catch(() => {});
    return /** @type {Promise<Event>} */ (inTime(`“${name}”`, Promise.race([event, gone]), ANSWER_MS, () => this.log));
  }

  /** Pulls the plug. */
  async kill() {
    this.#program.kill("SIGKILL");
    await this.#end;
  }

  /** Ends it as its program would. */
  async quit() {
    this.order("quit");
    return inTime("its end", this.#end, ANSWER_MS, () => this.log);
  }

  /** @param {Event} event */
  #heard(event) {
    if (event.event === "command") this.commands.push(event.value);
    if (event.event === "misread") throw new Error(`a driver could not read “${event.order}”: ${event.reason}`);
    if (event.event === "sent") {
      this.#sends += 1;
      if (event.n !== this.#sends) throw new Error(`send ${event.n} was answered when ${this.#sends} was due`);
      this.took.push(event.us);
      this.tookItself.push(Math.max(0, event.us - event.waited_us));
      if (event.accepted) {
        this.accepted += 1;
        this.#onAccepted(event.n);
      }
    }
    const waiting = this.#waiting.get(event.event) ?? [];
    this.#waiting.delete(event.event);
    for (const heard of waiting) heard(event);
  }
}
