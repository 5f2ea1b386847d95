import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { eventually } from "../../../e2e/deadline.js";
import { Hub } from "../../../e2e/hub.js";
import { Driver } from "./hub/driver.js";
import { telling } from "./hub/told.js";

const PACKAGE = join(import.meta.dirname, "..");
const hub = new Hub();
before(() => hub.start());
after(() => hub.end());

/** Every stored value of the channel, in the order in which it came. @param {string} device @param {string} channel */
async function stored(device, channel) {
  const answer = await hub.fetch(`/api/devices/${device}/channels/${channel}/samples?format=ndjson`);
  assert.ok(answer.ok, `${device} is not there`);
  const lines = (await answer.text()).trim().split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line).value);
}

/** A program that runs until the test is over. @param {string[]} words @param {() => Promise<unknown>} play */
async function beside(words, play) {
  const running = promisify(execFile)(process.execPath, words, { cwd: PACKAGE });
  running.catch(() => {});
  try {
    await play();
  } finally {
    running.child.kill();
  }
}

/** @param {number} until */
const counted = (until) => Array.from({ length: until }, (_, n) => n);

test("a hub that is killed and starts again has everything, once and in order", async () => {
  const { device, connected } = telling({ address: `tcp://${hub.ready.lines}`, id: "killed", token: hub.ready.join });
  device.onToken(() => {});
  device.connect();
  await connected.next();
  let sent = 0;
  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 200; n += 1) {
      assert.equal(device.send("n", sent++, Date.now() + sent), true);
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await hub.stop("SIGKILL");
    for (let n = 0; n < 20; n += 1) assert.equal(device.send("n", sent++, Date.now() + sent), true);
    await hub.start();
  }
  await eventually("everything to be taken over", () => device.queued === 0, 60_000);
  assert.deepEqual(await stored("killed", "n"), counted(sent));
  await device.close();
});

test("a program that is killed again and again loses nothing that send accepted", async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "glassline-js-"));
  // A join token is good only until the device's own was first used, and a run may end before it could store that one.
  const made = await hub.fetch("/api/devices", { method: "POST", body: JSON.stringify({ id: "stubborn" }) });
  const { token } = await made.json();
  const words = [`tcp://${hub.ready.lines}`, "stubborn", "--token", token, "--outbox", join(folder, "outbox")];
  let accepted = 0;
  for (let round = 0; round < 6; round += 1) {
    const driver = new Driver(...words);
    await driver.event("ready");
    // In some rounds it is killed before it is connected.
    if (round % 2 === 1) await driver.event("connected");
    const values = counted(150).map((n) => accepted + n);
    driver.orders(...values.map((value) => `send n ${value} ${1_763_846_847_000 + value}`));
    while ((await driver.event("sent")).n < 100 + round);
    await driver.kill();
    // What it still accepted before it died is known from what it said.
    const last = driver.events.filter(({ event }) => event === "sent").at(-1)?.n ?? 100 + round;
    accepted += last;
    const inLog = fs.readdirSync(join(folder, "outbox")).filter((name) => name.endsWith(".log"));
    const text = inLog.map((name) => fs.readFileSync(join(folder, "outbox", name), "utf8")).join("");
    // It may have taken one more than it could still tell.
    while (text.includes(`"value":${accepted},`)) accepted += 1;
  }
  const driver = new Driver(...words);
  driver.orders("flush 30000");
  assert.equal((await driver.event("flushed")).ok, true);
  driver.orders("state", "quit");
  const { restored, acked, queued } = await driver.event("state");
  assert.deepEqual([queued, restored], [0, acked]);
  await driver.event("closed");
  assert.deepEqual(await stored("stubborn", "n"), counted(accepted));
  fs.rmSync(folder, { recursive: true });
});

test("a command from the hub runs once and its result comes back, over a WebSocket too", async () => {
  for (const [id, address] of [
    ["tcp-1", `tcp://${hub.ready.lines}`],
    ["ws-1", hub.ready.http.replace("http", "ws")],
  ]) {
    const { device, connected } = telling({ address, id, token: hub.ready.join });
    let runs = 0;
    device.describe({ fan: { input: "switch" } });
    device.onCommand("fan", (on) => ({ on, runs: (runs += 1) }));
    device.connect();
    await connected.next();
    const body = JSON.stringify({ command: `c-${id}`, channel: "fan", value: true });
    const answer = await hub.fetch(`/api/devices/${id}/commands`, { method: "POST", body });
    assert.ok(answer.ok, await answer.text());
    const done = await eventually("the result", async () => {
      const command = await hub.json(`/api/devices/${id}/commands/c-${id}`);
      return command.state === "done" && command;
    });
    assert.deepEqual([done.value, runs], [{ on: true, runs: 1 }, 1]);
    device.send("text", "ü".repeat(30_000));
    assert.equal(await device.flush(30_000), true);
    await device.close();
  }
});

test("the first minute of the README works as it stands", async () => {
  const readme = fs.readFileSync(join(PACKAGE, "README.md"), "utf8");
  const [, code] = /```js\n([^]*?)```/.exec(readme) ?? [];
  assert.ok(code && code.trim().split("\n").length <= 15, "at most 15 lines");
  const here = code.replace("tcp://127.0.0.1:7070", `tcp://${hub.ready.lines}`).replace("TOKEN", hub.ready.join);
  const id = /id: "([^"]+)"/.exec(code)?.[1] ?? "";
  await beside(["--input-type=module", "--eval", here], () =>
    eventually("a temperature", async () => (await stored(id, "temperature")).length > 0),
  );
});

test("the example says a temperature and obeys its switch", async () => {
  const words = ["examples/thermometer.js", `tcp://${hub.ready.lines}`, "thermometer-1", hub.ready.join];
  await beside(words, async () => {
    await eventually("a temperature", async () => (await stored("thermometer-1", "temperature")).length > 0);
    const body = JSON.stringify({ command: "c-fan", channel: "fan", value: true });
    await hub.fetch("/api/devices/thermometer-1/commands", { method: "POST", body });
    await eventually("the result", async () => {
      return (await hub.json("/api/devices/thermometer-1/commands/c-fan")).state === "done";
    });
  });
});

test("the part for browsers talks to the hub over a WebSocket", async () => {
  const code = `
    import { Device } from "glassline/browser";
    const [address, token] = process.argv.slice(1);
    const device = new Device({ address, id: "phone-1", token });
    device.connect();
    device.send("tilt", 7);
    console.log(await device.flush(30_000), await device.close());
    process.exit(0);`;
  const words = ["--experimental-websocket", "--input-type=module", "--eval", code, "--"];
  const address = hub.ready.http.replace("http", "ws");
  const { stdout } = await promisify(execFile)(process.execPath, [...words, address, hub.ready.join], { cwd: PACKAGE });
  assert.equal(stdout.trim(), "true true");
  assert.deepEqual(await stored("phone-1", "tilt"), [7]);
});
