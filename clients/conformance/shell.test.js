// The examples in examples/shell, as they stand: devices out of printf and nc, and out of any program that prints.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { eventually } from "../../e2e/deadline.js";
import { BINARY, Hub } from "../../e2e/hub.js";
import { ROOT } from "./libraries.js";

/** A program that was just started says something, ms. */
const BEGIN_MS = 60_000;
const EXAMPLES = join(ROOT, "examples/shell");

const hub = new Hub();
const folder = mkdtempSync(join(tmpdir(), "glassline-shell-"));
before(async () => {
  await hub.start();
  // As it is found where it is installed.
  mkdirSync(join(folder, "bin"));
  symlinkSync(BINARY, join(folder, "bin/glassline"));
});
after(async () => {
  await hub.end();
  // What was killed may be about to end, and make a file there.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
});

/** Runs it in a shell until `seen`. Whatever it starts ends with it. @param {string} command @param {() => Promise<unknown>} seen */
async function running(command, seen) {
  const env = { ...process.env, PATH: `${folder}/bin:${process.env.PATH}`, HOME: folder, XDG_STATE_HOME: "" };
  const program = spawn("sh", ["-c", command], { cwd: folder, env, detached: true, stdio: ["ignore", "ignore", "inherit"] });
  try {
    await seen();
  } finally {
    try {
      if (program.pid) process.kill(-program.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
}

/** Waits for values of a channel. @param {string} device @param {string} channel @param {number} [count] */
const arrive = (device, channel, count = 1) =>
  eventually(
    `${count} of ${device}`,
    async () => {
      const answer = await hub.fetch(`/api/devices/${device}/channels/${channel}/samples?format=ndjson`);
      return answer.ok && (await answer.text()).split("\n").filter((line) => line !== "").length >= count;
    },
    BEGIN_MS,
  );

/** Asks for something and waits until it is done. @param {string} device @param {string} channel */
async function obeys(device, channel) {
  const body = JSON.stringify({ command: `c-${device}`, channel, value: true, intent: "queue" });
  await hub.fetch(`/api/devices/${device}/commands`, { method: "POST", body });
  await eventually("it is done", async () => (await hub.json(`/api/devices/${device}/commands/c-${device}`)).state === "done", BEGIN_MS);
}

/** The words that the scripts take, of this hub. @param {string} device */
const place = (device) => `${hub.ready.lines.replace(":", " ")} ${device} ${hub.ready.join}`;

/** The shell programs of the README that have `part`. @param {string} part */
function shown(part) {
  const blocks = [...readFileSync(join(EXAMPLES, "README.md"), "utf8").matchAll(/```sh\n([^]*?)```/g)].map(([, text = ""]) => text);
  return blocks.find((text) => text.includes(part)) ?? assert.fail(`the README has no program with ${part}`);
}

test("one line of printf and nc is a device", async () => {
  const line = shown("printf").replace("TOKEN", hub.ready.join).replace("127.0.0.1 7070", hub.ready.lines.replace(":", " "));
  await running(line, () => arrive("shell-1", "load"));
});

test("the thermometer of nc says its temperature and obeys its switch", async () => {
  await running(`${EXAMPLES}/thermometer.sh ${place("shell-2")}`, async () => {
    await arrive("shell-2", "temperature", 2);
    await obeys("shell-2", "fan");
  });
});

test("a program whose output is piped is a device that says what its channels are", async () => {
  await running(`${EXAMPLES}/pipe.sh ${place("load-1")}`, async () => {
    await arrive("load-1", "load", 2);
    assert.equal((await hub.json("/api/devices/load-1")).describe.load.every, 1000);
  });
});

test("the pipe that takes commands answers them, and what comes of them arrives", async () => {
  const at = ` --to tcp://${hub.ready.lines} --token ${hub.ready.join} --commands`;
  await running(shown("--commands").replace(" --commands", at), async () => {
    // Its two ends wait for each other until something is said.
    await eventually("it is there", async () => (await hub.fetch("/api/devices/lamp-1")).ok, BEGIN_MS);
    await obeys("lamp-1", "lamp");
    await arrive("lamp-1", "lamp");
  });
});
