// Plays one script against the core of the library, with a clock that stands still but where the script lets time pass, and an
// outbox on a real disk where it is stored. What the hub says is handed in, what the device says is compared.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Core, reason } from "../../src/core.js";
import { FileOutbox } from "../../src/store/outbox.js";
import { duration, line, matches, steps, wholeWelcome } from "./script.js";

/** @param {string} script */
export async function play(script) {
  const film = new Film();
  try {
    for (const step of steps(script)) await film.play(step);
    film.expectSilence();
    assert.deepEqual(film.begun, [], "the device begins a command");
  } catch (error) {
    throw new Error(`line ${film.line} of the script: ${/** @type {Error} */ (error).message}`, { cause: error });
  } finally {
    await film.over();
  }
}

class Film {
  line = 0;
  /** @type {number[]} */
  begun = [];
  #now = 1000;
  /** @type {import("../../src/session/session.js").Settings} */
  #settings = { id: "pump-1", heartbeat: 15, outbox: { messages: 4096, bytes: 1 << 20 }, nonce: 0 };
  /** @type {string | undefined} */
  #folder;
  /** @type {string | undefined} */
  #synced;
  /** @type {FileOutbox | undefined} */
  #store;
  /** @type {Core | undefined} */
  #core;
  #connected = false;
  /** When the device comes back; nothing where it does not. @type {number | undefined} */
  #returns = 0;
  /** The nonces that the device chose, by the names that the script gives them. @type {Map<number, number>} */
  #nonces = new Map();
  /** @type {string[]} */
  #said = [];
  /** @type {string | undefined} */
  #dropped;

  /** @param {import("./script.js").Step} step */
  async play({ line, what, words }) {
    const together = this.line === line;
    this.line = line;
    if (what === "device") return this.#expectSaid(words);
    if (!together) this.expectSilence();
    if (what === "hub") return this.#hubSays(words);
    return this.#happens(words);
  }

  async over() {
    await this.#core?.letGo();
    for (const folder of [this.#folder, this.#synced]) if (folder) fs.rmSync(folder, { recursive: true });
  }

  get #time() {
    return { wall: 0, mono: this.#now };
  }

  /** Hands something to the device and carries out what it wants. @template T @param {(core: Core) => T} input */
  async #with(input) {
    if (!this.#core) {
      this.#store = this.#folder ? new FileOutbox(this.#folder, this.#settings.outbox.bytes) : undefined;
      this.#core = new Core(this.#settings, this.#store);
    }
    const answer = input(this.#core);
    await this.#carryOut(this.#core);
    return answer;
  }

  /** @param {Core} core */
  async #carryOut(core) {
    for (;;) {
      for (let step = core.poll(this.#time); step; step = core.poll(this.#time)) {
        if (step.do === "send") this.#said.push(step.line);
        else if (step.do === "begin") this.begun.push(step.command.number);
        else if (step.do === "close") {
          this.#dropped = step.reason.code;
          this.#away(step.reason);
        }
      }
      if (!core.wantsKeep) return;
      await core.keep();
    }
  }

  /** @param {import("../../src/core.js").Reason} why */
  #away(why) {
    this.#connected = false;
    const delay = this.#core?.comeBack(this.#time, why, 0);
    this.#returns = delay === undefined ? undefined : this.#now + delay;
  }

  /** @param {string} words */
  async #hubSays(words) {
    assert.deepEqual(this.begun, [], "the device begins a command");
    assert.ok(this.#connected, "the device is not connected");
    const said = line(wholeWelcome(words));
    const named = said.startsWith('{"welcome"') ? JSON.parse(said).nonce : undefined;
    const nonce = this.#nonces.get(named) ?? 1_000_000 + named;
    await this.#with((core) => core.line(this.#time, said.replace(`"nonce":${named}`, `"nonce":${nonce}`)));
  }

  /** @param {string} happening */
  async #happens(happening) {
    const [first, ...rest] = happening.split(/\s+/);
    const passed = duration(happening);
    if (passed !== undefined) return this.#pass(this.#now + passed);
    const happens = this.#happenings[happening] ?? this.#happenings[first];
    assert.ok(happens, `what is "${happening}"?`);
    await happens(rest, happening.slice(first.length).trim());
  }

  /** @type {Record<string, (words: string[], rest: string) => unknown>} */
  #happenings = {
    stored: () => (this.#folder = fs.mkdtempSync(join(tmpdir(), "glassline-film-"))),
    serial: () => (this.#settings.serial = true),
    outbox: ([messages]) => (this.#settings.outbox.messages = Number(messages)),
    "no heartbeat": () => (this.#settings.heartbeat = undefined),
    "no id": () => (this.#settings.id = undefined),
    token: ([token]) => (this.#settings.token = token),
    line_max: ([bytes]) => (this.#settings.lineMax = Number(bytes)),
    sync: () => this.#sync(),
    restart: () => this.#restart(),
    "power cut": () => this.#restart(this.#synced),
    cut: async () => {
      await this.#with((core) => core.disconnected());
      this.#away(reason("broken", "cut"));
    },
    publish: async (words) => {
      const { values, ts } = samples(words);
      // A script that names no time means none that is compared.
      assert.ok(await this.#with((core) => core.send(this.#time, values, ts ?? 0)));
    },
    unnumbered: (words) => this.#with((core) => core.sendUnnumbered(this.#time, samples(words).values)),
    describe: async (_, json) => assert.ok(await this.#with((core) => core.describe(this.#time, JSON.parse(json)))),
    begins: ([number]) => assert.equal(this.begun.shift(), Number(number)),
    answer: ([number, how, reason]) =>
      this.#with((core) => core.answer(this.#time, { command: Number(number), ok: how === "ok", reason })),
    drops: ([reason]) => assert.equal(this.#dropped, reason),
    away: () => assert.ok(!this.#connected && !(this.#returns !== undefined && this.#returns <= this.#now)),
  };

  async #sync() {
    await this.#store?.sync();
    this.#synced ??= fs.mkdtempSync(join(tmpdir(), "glassline-film-"));
    copyLogs(/** @type {string} */ (this.#folder), this.#synced);
  }

  /** The program ends without a word, and begins again. @param {string} [logs]  what a power cut left of the log */
  async #restart(logs) {
    await this.#core?.letGo();
    if (this.#folder && logs) copyLogs(logs, this.#folder);
    this.#core = undefined;
    this.#connected = false;
    this.#returns = this.#now;
    this.begun = [];
    this.#settings.nonce += 1000;
  }

  /** @param {number} until */
  async #pass(until) {
    await this.#with(() => {});
    for (let at = this.#core?.due; at !== undefined && at <= until; at = this.#core?.due) {
      this.#now = Math.max(this.#now, at);
      await this.#with((core) => core.timeout(this.#time));
    }
    this.#now = Math.max(this.#now, until);
  }

  /** @param {string} words */
  async #expectSaid(words) {
    if (!this.#connected && /^\{?"?identify/.test(words)) {
      assert.ok(this.#returns !== undefined, "the device does not come back");
      await this.#pass(this.#returns);
      this.#connected = true;
      await this.#with((core) => core.connected(this.#time));
    }
    const said = this.#said.shift();
    assert.ok(said !== undefined, "the device says nothing");
    assert.ok(matches(this.#noteNonce(words, said), said), `the device says ${said}`);
  }

  /** @param {string} words @param {string} said */
  #noteNonce(words, said) {
    const [, before, name, after] = /^(identify .*?)nonce ([0-9]+)(.*)$/.exec(words) ?? [];
    if (name === undefined) return words;
    const { nonce } = JSON.parse(said);
    assert.ok(Number.isSafeInteger(nonce), "the identify has no nonce");
    assert.ok(![...this.#nonces.values()].includes(nonce), "the nonce is that of an earlier identify");
    this.#nonces.set(Number(name), nonce);
    return `${before.trim()}${after}`;
  }

  expectSilence() {
    assert.deepEqual(this.#said, [], "before this the device says something");
  }
}

/** @param {string[]} words */
function samples(words) {
  /** @type {[string, unknown][]} */
  const values = [];
  let ts;
  for (let at = 0; at < words.length; at += 2) {
    const value = JSON.parse(words[at + 1]);
    if (words[at] === "ts") ts = value;
    else values.push([words[at], value]);
  }
  return { values, ts };
}

/** @param {string} from @param {string} to */
function copyLogs(from, to) {
  const logs = (/** @type {string} */ folder) => fs.readdirSync(folder).filter((name) => name.endsWith(".log"));
  for (const name of logs(to)) fs.rmSync(join(to, name));
  for (const name of logs(from)) fs.copyFileSync(join(from, name), join(to, name));
}
