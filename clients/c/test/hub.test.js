// The C library against the real hub and against a scripted one, by its conformance driver (`make conformance`).

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { eventually } from "../../../e2e/deadline.js";
import { Hub } from "../../../e2e/hub.js";
import { Driver } from "../../js/test/hub/driver.js";
import { ScriptedHub } from "../../js/test/hub/scripted.js";

const LIBRARY = join(import.meta.dirname, "..");
const BUILD = resolve(LIBRARY, process.env.BUILD ?? "build");

class Device extends Driver {
  static program = [join(BUILD, "conformance")];
}

const hub = new Hub();
before(() => hub.start());
after(() => hub.end());

/** @param {string} device @param {string} channel */
async function stored(device, channel) {
  const answer = await hub.fetch(`/api/devices/${device}/channels/${channel}/samples?format=ndjson`);
  assert.ok(answer.ok, `${device} is not there`);
  return (await answer.text()).trim().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line).value);
}

test("a hub that is killed and starts again has everything, once and in order", async () => {
  const device = new Device(`tcp://${hub.ready.lines}`, "c-1", "--token", hub.ready.join);
  await device.event("connected");
  let sent = 0;
  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 300; n += 1) device.orders(`send n ${sent++}`);
    await hub.stop("SIGKILL");
    for (let n = 0; n < 20; n += 1) device.orders(`send n ${sent++}`);
    await hub.start();
  }
  device.orders("flush 30000", "state");
  assert.equal((await device.event("flushed")).ok, true);
  const { acked, accepted, queued, dropped } = await device.event("state");
  assert.deepEqual([acked, accepted, queued, dropped], [sent, sent, 0, 0]);
  assert.deepEqual(
    await stored("c-1", "n"),
    Array.from({ length: sent }, (_, n) => n),
  );
  device.orders("quit");
  assert.equal((await device.event("closed")).ok, true);
});

test("a command from the hub runs once, and its result comes back", async () => {
  const device = new Device(`tcp://${hub.ready.lines}`, "c-2", "--token", hub.ready.join);
  device.orders('describe {"fan":{"input":"switch"},"temperature":{"unit":"°C"}}');
  assert.equal((await device.event("described")).ok, true);
  await device.event("connected");
  const body = JSON.stringify({ command: "c-fan", channel: "fan", value: true });
  await hub.fetch("/api/devices/c-2/commands", { method: "POST", body });
  assert.deepEqual(await device.event("command"), { event: "command", channel: "fan", value: true });
  const done = await eventually("the result", async () => {
    const command = await hub.json("/api/devices/c-2/commands/c-fan");
    return command.state === "done" && command;
  });
  assert.equal(done.value, true);
  const { describe } = await hub.json("/api/devices/c-2");
  assert.deepEqual(Object.keys(describe).sort(), ["fan", "temperature"]);
  await device.kill();
});

/** A program that runs until the test is over. @param {string} program @param {string[]} words @param {() => Promise<unknown>} play */
async function beside(program, words, play) {
  const running = promisify(execFile)(program, words);
  running.catch(() => {});
  try {
    await play();
  } finally {
    running.child.kill();
  }
}

test("the first minute of the README works as it stands, but for where the hub is", async () => {
  const [host, port] = hub.ready.lines.split(":");
  const first = readFileSync(join(BUILD, "first.c"), "utf8");
  assert.ok(first.trim().split("\n").length <= 15, "at most 15 lines");
  const here = first.replace('"7070"', `"${port}"`).replace("127.0.0.1", host).replace("TOKEN", hub.ready.join);
  const folder = mkdtempSync(join(tmpdir(), "glassline-c-"));
  writeFileSync(join(folder, "first.c"), here);
  const sources = readdirSync(join(LIBRARY, "src")).filter((name) => name.endsWith(".c"));
  const files = ["posix/glassline_posix.c", ...sources.map((name) => `src/${name}`)].map((name) => join(LIBRARY, name));
  const program = join(folder, "first");
  const include = `-I${join(LIBRARY, "posix")}`;
  await promisify(execFile)("cc", ["-std=c99", include, "-o", program, join(folder, "first.c"), ...files]);
  await beside(program, [], () => eventually("a temperature", async () => (await stored("boiler-7", "temperature")).length > 1));
  rmSync(folder, { recursive: true });
});

test("the example says a temperature and obeys its switch", async () => {
  const words = [...hub.ready.lines.split(":"), "thermometer-c", hub.ready.join];
  await beside(join(BUILD, "thermometer"), words, async () => {
    await eventually("a temperature", async () => (await stored("thermometer-c", "temperature")).length > 0);
    const body = JSON.stringify({ command: "c-on", channel: "fan", value: true });
    await hub.fetch("/api/devices/thermometer-c/commands", { method: "POST", body });
    await eventually("the result", async () => {
      return (await hub.json("/api/devices/thermometer-c/commands/c-on")).value === true;
    });
  });
});

test("a black hole and a half-open hub hold up nothing, and are left", async () => {
  const scripted = await new ScriptedHub().listen();
  const device = new Device(`tcp://${scripted.address}`, "c-3", "--heartbeat", "1", "--holding", "500");
  const { connection } = await scripted.welcome({ heartbeat: 1, window: 100_000 });
  connection.stall();
  await device.event("connected");
  const text = "x".repeat(30_000);
  for (let n = 0; n < 400; n += 1) device.orders(`send text "${text}"`);
  assert.equal((await device.event("disconnected")).code, "silent");
  device.orders("state");
  const { accepted, queued, dropped } = await device.event("state");
  assert.deepEqual([accepted, queued + dropped], [400, 400]);
  await device.kill();
  await scripted.close();
});

test("what is sent and not acked is sent again, the same for ever", async () => {
  const scripted = await new ScriptedHub().listen();
  const device = new Device(`tcp://${scripted.address}`, "c-4");
  device.orders("send n 1");
  const first = await scripted.welcome({ time: 1_763_846_847_123 });
  const said = await first.connection.read();
  assert.equal(said.seq, 1);
  assert.ok(Math.abs(said.ts - 1_763_846_847_123) < 60_000, `${said.ts}`);
  first.connection.cut();
  const second = await scripted.welcome({ time: 1_763_999_999_999 });
  assert.deepEqual(await second.connection.read(), said, "its time too");
  await device.kill();
  await scripted.close();
});
