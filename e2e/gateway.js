// A gateway for a test: the real binary on free ports, with a state folder of its own, before one hub.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inTime, SOON_MS } from "./deadline.js";
import { BINARY, whenReady } from "./hub.js";

export class Gateway {
  /** Where devices connect, once it is started: `host:port`. */
  lines = "";
  /** Everything it printed, on both streams. */
  log = "";
  #folder = mkdtempSync(join(tmpdir(), "glassline-e2e-gateway-"));
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #program;
  /** @type {Promise<unknown>} */
  #ended = Promise.resolve();

  /**
   * Starts it and waits until everything listens.
   * @param {import("./hub.js").Hub} hub
   * @param {string} id  for which the token was made
   * @param {string} token
   * @param {{url: string, ca: string}} [over]  TLS: where, and the authority's certificate
   */
  async start(hub, id, token, over) {
    const ready = join(this.#folder, "ready.json");
    const listens = whenReady(ready);
    const plainly = ["--hub", `${hub.ready.http.replace(/^http/, "ws")}/uplink`, "--token", token];
    const uplink = over ? ["--config", this.#configured(over, token)] : plainly;
    const places = ["--lines", "127.0.0.1:0", "--http", "127.0.0.1:0", "--state", join(this.#folder, "state"), "--ready", ready];
    const program = spawn(BINARY, ["gateway", "--id", id, ...uplink, ...places], { stdio: ["ignore", "pipe", "pipe"], cwd: this.#folder });
    this.#program = program;
    for (const stream of [program.stdout, program.stderr]) stream.on("data", (text) => (this.log += text));
    this.#ended = new Promise((resolve) => program.once("close", resolve));
    const gone = this.#ended.then((code) => Promise.reject(new Error(`the gateway ended with ${code}:\n${this.log}`)));
    gone.catch(() => {}); // it may also end later, when a test has it end
    this.lines = (await inTime("the gateway's start", Promise.race([listens, gone]), SOON_MS, () => this.log)).lines;
  }

  /** Its configuration. @param {{url: string, ca: string}} over @param {string} token */
  #configured({ url, ca }, token) {
    const file = join(this.#folder, "gateway.toml");
    writeFileSync(file, `[[hub]]\nname = "office"\nurl = "${url}"\ntoken = "${token}"\nca = "${ca}"\n`);
    return file;
  }

  /** Pulls the plug. */
  async kill() {
    this.#program?.kill("SIGKILL");
    await inTime("the gateway's end", this.#ended);
  }

  /** Ends it for good and removes its folder. */
  async end() {
    this.#program?.kill("SIGKILL");
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Makes a gateway at a hub and returns its token. @param {import("./hub.js").Hub} hub @param {string} id @returns {Promise<string>} */
export async function makeGateway(hub, id) {
  const headers = { "content-type": "application/json" };
  const answer = await hub.fetch("/api/gateways", { method: "POST", headers, body: JSON.stringify({ id }) });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()).token;
}
