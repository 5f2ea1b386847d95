// The programs of the first minute, as a hub's empty page shows them: how each is built and started.

import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./libraries.js";

const run = promisify(execFile);
/** Where the programs are kept, with HOST, PORT and TOKEN in them. */
const PROGRAMS = join(ROOT, "examples/first-minute");
/** The languages, and the file of each. @type {Record<string, string>} */
const LANGUAGES = {
  shell: "first.sh",
  python: "first.py",
  javascript: "first.mjs",
  rust: "first.rs",
  c: "first.c",
  arduino: "first.ino",
};

/** A place that looks like the top of a checkout, in which a program is saved. */
class Checkout {
  folder = mkdtempSync(join(tmpdir(), "glassline-first-"));
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #program;

  constructor() {
    symlinkSync(join(ROOT, "clients"), join(this.folder, "clients"));
  }

  /** Saves the program and starts it as a person would. @param {string} language @param {string} text */
  async start(language, text) {
    const file = LANGUAGES[language] ?? "";
    writeFileSync(join(this.folder, file), text);
    const command = await this.#command(language, text);
    // A process group of its own: whatever it starts ends with it.
    this.#program = spawn("bash", ["-c", command], {
      cwd: this.folder,
      detached: true,
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    });
  }

  end() {
    try {
      if (this.#program?.pid) process.kill(-this.#program.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
    // What was killed may be about to end, and make a file there.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20 });
  }

  /** What is typed to run it: what its first line says, where there is a terminal to type it in. @param {string} language @param {string} text */
  async #command(language, text) {
    if (language === "shell") return text;
    if (language === "rust") return this.#rust();
    if (language === "arduino") return this.#arduino();
    return (text.split("\n", 1)[0] ?? "").replace(/^(#|\/\/) /, "");
  }

  /** As cargo builds an example of the library, without a file in the library's folder. */
  async #rust() {
    const words = ["build", "--locked", "--quiet", "-p", "glassline-client", "--lib", "--message-format=json"];
    const { stdout } = await run("cargo", words, { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 });
    const told = stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
    const library = (/** @type {string} */ name) => {
      const made = told.find(({ reason, target }) => reason === "compiler-artifact" && target.name === name);
      return made.filenames.find((/** @type {string} */ file) => file.endsWith(".rlib"));
    };
    const externs = ["glassline_client", "serde_json"].flatMap((name) => ["--extern", `${name}=${library(name)}`]);
    const places = ["-L", `dependency=${dirname(library("serde_json"))}`];
    await run("rustc", ["--edition", "2024", ...externs, ...places, "-o", "first", LANGUAGES.rust ?? ""], { cwd: this.folder });
    return "./first";
  }

  /** On a board that is a program. */
  async #arduino() {
    const [library, board] = ["clients/c/src", "clients/c/test/arduino"];
    const sources = readdirSync(join(this.folder, library)).filter((name) => name.endsWith(".c"));
    await run("cc", ["-c", ...sources.map((name) => join(library, name))], { cwd: this.folder });
    const objects = sources.map((name) => name.replace(/c$/, "o"));
    const sketch = ["-x", "c++", LANGUAGES.arduino ?? "", "-x", "none", join(board, "board.cpp")];
    await run("c++", [`-I${board}`, `-I${library}`, "-o", "first", ...sketch, ...objects], { cwd: this.folder });
    return "./first";
  }
}

export { Checkout, LANGUAGES, PROGRAMS };
