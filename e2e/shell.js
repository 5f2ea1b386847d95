// A terminal for a test: what a person would paste into one, run by a real shell.

import { spawn } from "node:child_process";

export class Shell {
  #program;

  /** @param {string} line */
  constructor(line) {
    // A process group of its own, so that Ctrl-C reaches everything that the line started.
    this.#program = spawn("bash", ["-c", line], { detached: true, stdio: "ignore" });
  }

  /** Ctrl-C. */
  interrupt() {
    this.#signal("SIGINT");
  }

  /** Gives it up at the end of a test. */
  end() {
    this.#signal("SIGKILL");
  }

  /** @param {NodeJS.Signals} signal */
  #signal(signal) {
    const { pid } = this.#program;
    if (!pid) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Everything in the group has ended already.
    }
  }
}
