// A device that does what its standard input says: how a harness drives this library. See clients/CONFORMANCE.md.

import { openSync, readSync, readdirSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Device } from "./src/node.js";

/** @typedef {(words: string[], rest: string) => unknown} Order */

/** Writes an event at once and whole. @param {string} event @param {object} members */
function say(event, members = {}) {
  const bytes = Buffer.from(`${JSON.stringify({ event, ...members })}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      // The pipe is full: whoever reads it is slower.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EAGAIN") throw error;
    }
  }
}

/**
 * Where Linux says how long each thread was ready while others had the processor: those that there are at the start, this one and V8's,
 * for which this one waits when it clears rubbish or has something compiled.
 */
const SCHEDULES = (() => {
  try {
    return readdirSync("/proc/self/task").map((thread) => openSync(`/proc/self/task/${thread}/schedstat`, "r"));
  } catch {
    return [];
  }
})();
const told = Buffer.alloc(128);

/** Of all time so far, µs; 0 where the system does not tell. It is the second number, in nanoseconds. */
function waited() {
  const nanoseconds = SCHEDULES.map((file) => {
    const bytes = readSync(file, told, 0, told.length, 0);
    return Number(told.toString("latin1", 0, bytes).split(" ")[1]);
  });
  return Math.floor(nanoseconds.reduce((sum, one) => sum + one, 0) / 1000);
}

function settings() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      token: { type: "string" },
      outbox: { type: "string" },
      holding: { type: "string" },
      heartbeat: { type: "string" },
      "no-heartbeat": { type: "boolean" },
      "line-max": { type: "string" },
      nonce: { type: "string" },
      "hold-commands": { type: "boolean" },
    },
  });
  if (positionals.length !== 2) throw new Error("DRIVER ADDRESS ID [options]");
  const number = (/** @type {string | undefined} */ text) => (text === undefined ? undefined : Number(text));
  const [address, id] = positionals;
  /** @type {import("./src/device.js").DeviceSettings} */
  const device = {
    address,
    id,
    token: values.token,
    outbox: { folder: values.outbox, messages: number(values.holding) },
    heartbeat: values["no-heartbeat"] ? null : number(values.heartbeat),
    lineMax: number(values["line-max"]),
    nonce: number(values.nonce),
    // A harness connects where no certificate is known.
    tls: { rejectUnauthorized: false },
  };
  return { device, holds: values["hold-commands"] === true };
}

class Driver {
  #device;
  #holds;
  #sent = 0;
  #worst = 0;
  /** Answers that came before their commands, and commands that wait for theirs. */
  #answers = /** @type {{ok: boolean, value?: unknown, reason?: string}[]} */ ([]);
  #waiting = /** @type {(() => void)[]} */ ([]);

  /** @param {Device} device @param {boolean} holds */
  constructor(device, holds) {
    this.#device = device;
    this.#holds = holds;
    device.onCommand(undefined, (value, { channel }) => this.#obey(channel, value));
    device.onConnected((resumed) => say("connected", { resumed, session: device.session, id: device.id }));
    device.onDisconnected(({ code, comesBack }) => say("disconnected", { code, comes_back: comesBack }));
    device.onToken((token) => say("token", { token }));
  }

  /** @param {string} channel @param {unknown} value */
  async #obey(channel, value) {
    say("command", { channel, value });
    if (!this.#holds) return value;
    let answer = this.#answers.shift();
    while (!answer) {
      await new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
      answer = this.#answers.shift();
    }
    if (!answer.ok) throw new Error(answer.reason);
    return answer.value;
  }

  /** @type {Record<string, Order>} */
  #orders = {
    send: ([channel, json, ts]) => this.#send(() => this.#device.send(channel, JSON.parse(json), time(ts))),
    many: ([object, ts]) => this.#send(() => this.#device.sendMany(JSON.parse(object), time(ts))),
    unnumbered: ([channel, json]) => this.#send(() => this.#device.sendUnnumbered(channel, JSON.parse(json))),
    describe: (_, rest) => say("described", { ok: this.#device.describe(JSON.parse(rest)) }),
    answer: ([how, ...words]) => {
      if (how !== "ok" && how !== "failed") throw new Error("answer ok, or answer failed");
      const rest = words.join(" ");
      const ok = how === "ok";
      this.#answers.push(ok ? { ok, value: rest === "" ? undefined : JSON.parse(rest) } : { ok, reason: rest });
      this.#waiting.shift()?.();
    },
    sync: async () => say("synced", { ok: await this.#device.sync() }),
    flush: async ([patience]) => say("flushed", { ok: await this.#device.flush(Number(patience)) }),
    state: () => {
      const { connected, session = null, id = null, books } = this.#device;
      say("state", { connected, session, id, ...books, worst_us: this.#worst });
    },
    quit: async () => say("closed", { ok: await this.#device.close() }),
  };

  /** @param {() => boolean} send */
  #send(send) {
    const before = waited();
    const begin = process.hrtime.bigint();
    const accepted = send();
    const us = Number((process.hrtime.bigint() - begin) / 1000n);
    const waited_us = waited() - before;
    this.#worst = Math.max(this.#worst, us);
    this.#sent += 1;
    say("sent", { n: this.#sent, accepted, us, waited_us });
  }

  /** Carries out an order. Answers whether there may be more. @param {string} line */
  async obey(line) {
    const [order, ...words] = line.trim().split(/\s+/);
    if (order === "") return true;
    try {
      if (!Object.hasOwn(this.#orders, order)) throw new Error("there is no such order");
      await this.#orders[order](words, line.trim().slice(order.length).trim());
    } catch (error) {
      say("misread", { order: line, reason: String(error) });
    }
    return order !== "quit";
  }
}

/** @param {string | undefined} text */
function time(text) {
  return text === undefined ? undefined : Number(text);
}

async function main() {
  let device, holds;
  try {
    const read = settings();
    holds = read.holds;
    device = new Device(read.device);
  } catch (error) {
    console.error(String(error));
    process.exit(2);
  }
  const driver = new Driver(device, holds);
  say("ready", { library: "javascript", restored: device.books.restored });
  device.connect();
  for await (const line of createInterface({ input: process.stdin })) {
    if (!(await driver.obey(line))) process.exit(0);
  }
  await driver.obey("quit");
  process.exit(0);
}

await main();
