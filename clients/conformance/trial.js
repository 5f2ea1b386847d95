// One library against a real hub, with a bad network, a hub that is killed and a device that is killed in between.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../e2e/deadline.js";
import { Hub } from "../../e2e/hub.js";
import { Clock } from "./clock.js";
import { Driver } from "./driver.js";
import { judgeCommands, judgeSamples } from "./judge.js";
import { Network } from "./network.js";

const DEVICE = "conformance";
/** Messages that each outbox holds: none is dropped while a hub starts again. */
const HOLDING = 50_000;
/** How long all may take to come to rest, ms. */
const REST_MS = 60_000;
/** Milliseconds that a command is wanted. */
const TTL_MS = 3000;
/** Commands have values from here on, so that no sample looks like one. */
const FIRST_COMMAND = 1_000_000_000;

/** What can happen to a device, and how long it lasts, ms. */
const FAULTS = /** @type {const} */ (["cut", "halfOpen", "stall", "doubles", "killHub", "killDevice", "jumpClock", "nothing"]);

export class Trial {
  #library;
  #random;
  #hub = new Hub();
  #folder = mkdtempSync(join(tmpdir(), "glassline-conformance-"));
  #clock = new Clock(this.#folder);
  #token = "";
  /** @type {Network} */
  #network;
  /** @type {Driver} */
  #driver;
  #value = 0;
  /** Values ordered in this run of the driver. @type {number[]} */
  #ordered = [];
  #heard = 0;
  /** @type {number[]} */
  #accepted = [];
  /** @type {Set<number>} */
  #doubtful = new Set();
  /** @type {Map<number, string>} */
  #asked = new Map();
  /** @type {unknown[]} */
  #begun = [];
  #dropped = 0;
  #runs = 0;
  /** What happened, by name. @type {Record<string, number>} */
  happened = {};

  /**
   * @param {import("./libraries.js").Library} library
   * @param {() => number} random
   */
  constructor(library, random) {
    this.#library = library;
    this.#random = random;
    this.#network = /** @type {any} */ (undefined);
    this.#driver = /** @type {any} */ (undefined);
  }

  /**
   * Lives through `rounds` faults and judges; what was wrong, a sentence each.
   * @param {number} rounds
   */
  async run(rounds) {
    try {
      await this.#begin();
      for (let round = 0; round < rounds; round++) {
        await this.#live(400 + this.#random() * 800);
        await this.#suffer(/** @type {typeof FAULTS[number]} */ (FAULTS[Math.floor(this.#random() * FAULTS.length)]));
      }
      return await this.#judge();
    } finally {
      await this.#driver?.kill();
      await this.#network?.close();
      await this.#hub.end();
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  /** How many messages were accepted, and commands asked for. */
  get sums() {
    return { accepted: this.#accepted.length, commands: this.#asked.size, begun: this.#begun.length, runs: this.#runs };
  }

  async #begin() {
    await this.#hub.start();
    const made = await this.#hub.fetch("/api/devices", { method: "POST", body: JSON.stringify({ id: DEVICE }) });
    this.#token = (await made.json()).token;
    this.#network = await new Network(this.#hub.ready.lines, this.#random).open();
    await this.#startDevice();
  }

  async #startDevice() {
    const words = [`tcp://127.0.0.1:${this.#network.port}`, DEVICE, "--token", this.#token, "--heartbeat", "1"];
    words.push("--holding", String(HOLDING));
    if (this.#library.stores) words.push("--outbox", join(this.#folder, "outbox"));
    this.#ordered = [];
    this.#heard = 0;
    this.#runs += 1;
    this.#driver = new Driver(this.#library, words, (nth) => {
      this.#heard = nth;
      this.#accepted.push(/** @type {number} */ (this.#ordered[nth - 1]));
    }, this.#clock.environment);
    await this.#driver.next("ready");
  }

  /** Sends and asks for so long, ms. @param {number} ms */
  async #live(ms) {
    const end = Date.now() + ms;
    while (Date.now() < end) {
      for (let burst = Math.floor(this.#random() * 12); burst > 0; burst--) {
        this.#value += 1;
        this.#ordered.push(this.#value);
        this.#driver.order(`send n ${this.#value}`);
      }
      if (this.#random() < 0.06) this.#ask();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #ask() {
    const value = FIRST_COMMAND + this.#asked.size;
    this.#asked.set(value, "never");
    const body = JSON.stringify({ command: `c${value}`, channel: "fan", value, intent: "queue", ttl: TTL_MS });
    // While the hub is gone it is asked for nothing.
    this.#hub.fetch(`/api/devices/${DEVICE}/commands`, { method: "POST", body }).catch(() => {});
  }

  /** @param {typeof FAULTS[number]} fault */
  async #suffer(fault) {
    const happens = this.#possible(fault);
    this.happened[happens] = (this.happened[happens] ?? 0) + 1;
    switch (happens) {
      case "cut":
        return this.#network.cut();
      case "halfOpen":
        return this.#network.halfOpen();
      case "stall":
        this.#network.stall();
        await this.#live(200 + this.#random() * 3000);
        return this.#network.go();
      case "doubles":
        this.#network.doubles = 0.2;
        await this.#live(1500);
        this.#network.doubles = 0;
        return;
      case "killHub":
        await this.#hub.stop("SIGKILL");
        await this.#live(this.#random() * 1500);
        return void (await this.#hub.start());
      case "killDevice":
        await this.#endDevice();
        return this.#startDevice();
      case "jumpClock":
        return this.#clock.jump(this.#random);
      case "nothing":
    }
  }

  /** What happens instead where a fault cannot. @param {typeof FAULTS[number]} fault */
  #possible(fault) {
    if (fault === "killDevice" && !this.#library.stores) return "cut";
    return fault === "jumpClock" && !Clock.isThere ? "nothing" : fault;
  }

  /** Kills the driver. What it was told and did not answer may have been accepted or not. */
  async #endDevice() {
    await this.#driver.kill();
    for (const value of this.#ordered.slice(this.#heard)) this.#doubtful.add(value);
    this.#begun.push(...this.#driver.commands);
  }

  async #judge() {
    this.#network.go();
    const flushed = await this.#driver.ask(`flush ${REST_MS}`, "flushed");
    const state = await this.#driver.ask("state", "state");
    this.#dropped += state.dropped;
    await eventually("all commands to settle", () => this.#states(), REST_MS);
    this.#begun.push(...this.#driver.commands);
    const wrong = flushed.ok ? [] : [`not all was taken over: ${state.queued} are still queued`];
    if (state.accepted + state.restored !== state.acked + state.dropped + state.queued) {
      wrong.push(`its books do not add up: ${JSON.stringify(state)}`);
    }
    const path = `/api/devices/${DEVICE}/channels/n/samples?format=ndjson`;
    const text = await (await this.#hub.fetch(path)).text();
    const stored = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const allowed = { dropped: this.#dropped, doubtful: this.#doubtful };
    return [...wrong, ...judgeSamples(this.#accepted, stored, allowed), ...judgeCommands(this.#asked, this.#begun)];
  }

  /** Learns how commands ended; whether all have. */
  async #states() {
    for (const [value, state] of this.#asked) {
      if (["done", "failed", "unknown", "expired", "cancelled", "refused"].includes(state)) continue;
      const answer = await this.#hub.fetch(`/api/devices/${DEVICE}/commands/c${value}`);
      this.#asked.set(value, answer.status === 404 ? "never" : (await answer.json()).state);
    }
    return [...this.#asked.values()].every((state) => !["accepted", "queued", "sent"].includes(state));
  }
}
