// A hub for a test: the real binary on free ports, with a state folder and a configuration folder of its own.

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { found, foundIn, secretsOf } from "./canaries.js";
import { inTime, SOON_MS } from "./deadline.js";

export const BINARY = process.env.GLASSLINE ?? join(import.meta.dirname, "../target/debug/glassline");
const READY = "ready.json";

/**
 * What the binary writes once everything listens.
 * @typedef {object} Ready
 * @property {string} http  base address of the pages, without a slash at the end
 * @property {string} lines  `host:port` of the device lines
 * @property {string} link  the login link, good for one use
 * @property {string} token  a bearer token of the administrator
 * @property {string} join  a token with which a new device may identify
 */

export class Hub {
  /** @type {Ready} */
  ready = { http: "", lines: "", link: "", token: "", join: "" };
  /** The login of the first panel, for the ones after it: the link is good for one only. @type {any} */
  login = undefined;
  /** Everything it printed, on both streams. */
  log = "";
  /** What it printed for people. */
  printed = "";
  /** What it logged. */
  logged = "";
  /** @type {string[]} */
  #command;
  #folder = mkdtempSync(join(tmpdir(), "glassline-e2e-"));
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #program;
  /** @type {Promise<unknown>} */
  #ended = Promise.resolve();

  /**
   * @param {object} [options]
   * @param {"serve" | "demo"} [options.command]
   * @param {Record<string, string>} [options.files]  files of its configuration folder: views, components
   */
  constructor({ command = "serve", files } = {}) {
    this.#command = command === "demo" ? [command, "--no-open"] : [command];
    if (!files) return;
    for (const [path, text] of Object.entries({ "glassline.toml": "", ...files })) {
      const file = join(this.#folder, "config", path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    this.#command.push("--config", join(this.#folder, "config/glassline.toml"));
  }

  /** Starts it and waits until everything listens; the second time where it listened before. */
  async start() {
    const ready = join(this.#folder, READY);
    rmSync(ready, { force: true });
    const listens = whenReady(ready);
    const program = spawn(
      BINARY,
      [
        ...this.#command,
        ...["--http", this.#address("http"), "--lines", this.#address("lines")],
        ...["--state", join(this.#folder, "state"), "--ready", ready],
      ],
      { stdio: ["ignore", "pipe", "pipe"], cwd: this.#folder, env: { ...process.env, RUST_BACKTRACE: "1" } },
    );
    this.#program = program;
    program.stdout.on("data", (text) => {
      this.printed += text;
      this.log += text;
    });
    program.stderr.on("data", (text) => {
      this.logged += text;
      this.log += text;
    });
    this.#ended = new Promise((resolve) => program.once("close", resolve));
    const gone = this.#ended.then((code) => Promise.reject(new Error(`the hub ended with ${code}:\n${this.log}`)));
    gone.catch(() => {}); // it may also end later, when a test has it end
    this.ready = await inTime("the hub's start", Promise.race([listens, gone]), SOON_MS, () => this.log);
    this.login = undefined;
    return this;
  }

  /**
   * Saves a file of its configuration folder, as an editor does.
   * @param {string} path
   * @param {string} text
   * @param {{by?: "writing" | "rename"}} [how]
   */
  save(path, text, { by = "writing" } = {}) {
    const file = join(this.#folder, "config", path);
    mkdirSync(dirname(file), { recursive: true });
    if (by === "writing") return writeFileSync(file, text);
    const beside = join(dirname(file), `.${Date.now()}.swp~`);
    writeFileSync(beside, text);
    renameSync(beside, file);
  }

  /** A file of its configuration folder. @param {string} path */
  read(path) {
    return readFileSync(join(this.#folder, "config", path), "utf8");
  }

  /** Has it stop as Ctrl-C does and returns its exit code; or, with SIGKILL, pulls the plug. */
  async stop(/** @type {NodeJS.Signals} */ signal = "SIGINT") {
    this.#program?.kill(signal);
    return inTime("the hub's end", this.#ended, SOON_MS, () => this.log);
  }

  /** Ends it for good and removes its folder. No secret of it is in what it logged or kept. */
  async end() {
    this.#program?.kill("SIGKILL");
    await this.#ended;
    const secrets = secretsOf(this);
    const leaked = [...found(secrets, "the log", this.logged), ...(existsSync(this.state) ? foundIn(secrets, this.state) : [])];
    rmSync(this.#folder, { recursive: true, force: true });
    if (leaked.length > 0) throw new Error(leaked.join("\n"));
  }

  /** Where its state is. */
  get state() {
    return join(this.#folder, "state");
  }

  /**
   * A request as the administrator, on a connection of its own: one that is kept for the next request is closed by the hub some seconds
   * later, and a request that meets that fails.
   * @param {string} path
   * @param {RequestInit} [request]
   */
  fetch(path, request = {}) {
    const headers = { authorization: `Bearer ${this.ready.token}`, connection: "close", ...request.headers };
    return fetch(this.ready.http + path, { ...request, headers });
  }

  /** @param {string} path */
  async json(path) {
    const answer = await this.fetch(path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Where to listen: any free port at first, then the same one. @param {"http" | "lines"} what */
  #address(what) {
    return this.ready[what].replace(/^http:\/\//, "") || "127.0.0.1:0";
  }
}

/** What a program writes into the file once everything listens. @param {string} file @returns {Promise<any>} */
export function whenReady(file) {
  return new Promise((resolve) => {
    const watcher = watch(dirname(file), () => {
      try {
        resolve(JSON.parse(readFileSync(file, "utf8")));
        watcher.close();
      } catch {
        // Not there yet, or not yet whole: the next change will tell.
      }
    });
    watcher.unref();
  });
}

/**
 * Runs a subcommand of the binary to its end.
 * @param {string[]} words
 * @returns {Promise<{code: number, out: string, err: string}>}
 */
export async function glassline(...words) {
  try {
    const { stdout, stderr } = await promisify(execFile)(BINARY, words, { timeout: 2 * SOON_MS });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = /** @type {any} */ (error);
    return { code, out: stdout, err: stderr };
  }
}
