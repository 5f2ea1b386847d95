// A disk that fails, for a test: another program takes the hub's database for itself, so that no commit succeeds.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { inTime } from "./deadline.js";

/** Holds the lock until its input ends. */
const HOLD = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
database.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
database.execute("ROLLBACK")
database.close()
`;

export class Disk {
  #program;

  /** @param {import("./hub.js").Hub} hub */
  constructor(hub) {
    const database = join(hub.state, "glassline.db");
    this.#program = spawn("python3", ["-c", HOLD, database], { stdio: ["pipe", "pipe", "inherit"] });
  }

  /** Waits until nothing can be written any more. */
  async failed() {
    await inTime("the failure of the disk", once(this.#program.stdout, "data"));
  }

  /** Everything can be written again. */
  async mend() {
    const ended = once(this.#program, "exit");
    this.#program.stdin.end();
    await inTime("the end of the failure", ended);
  }

  end() {
    this.#program.kill("SIGKILL");
  }
}
