import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../../../e2e/deadline.js";
import { Device } from "../src/node.js";
import { ScriptedHub } from "./hub/scripted.js";
import { telling } from "./hub/told.js";

/** @type {(name: string, play: (hub: ScriptedHub, address: string) => Promise<void>) => void} */
function withHub(name, play) {
  test(name, async () => {
    const hub = await new ScriptedHub().listen();
    try {
      await play(hub, `tcp://${hub.address}`);
    } finally {
      await hub.close();
    }
  });
}

withHub("what was sent and not acked is sent again after a cut, under its numbers", async (hub, address) => {
  const { device, connected, disconnected } = telling({ address });
  assert.equal(device.send("t", 1), true);
  device.connect();
  const first = await hub.welcome();
  assert.equal(first.identify.session, undefined);
  assert.equal(await connected.next(), false);
  assert.equal((await first.connection.read()).seq, 1);
  device.send("t", 2);
  assert.equal((await first.connection.read()).seq, 2);
  first.connection.says({ ack: 1 });
  await eventually("the ack", () => device.queued === 1);
  first.connection.cut();
  assert.equal(await disconnected.next(), "broken");
  const second = await hub.welcome({ ack: 1 });
  assert.deepEqual([second.identify.session, second.identify.oldest], ["k7-1", 2]);
  assert.equal(await connected.next(), true);
  assert.deepEqual([(await second.connection.read()).value, device.session], [2, "k7-1"]);
  assert.equal(await device.close(), false, "2 is lost by that");
  await second.connection.ended();
});

withHub("a flush without a limit, or with one of weeks, waits until the hub has everything", async (hub, address) => {
  const { device } = telling({ address });
  device.send("t", 1);
  device.connect();
  const { connection } = await hub.welcome();
  /** @type {boolean[]} */
  const flushed = [];
  const both = [device.flush(), device.flush(2 ** 40)].map((flush) => flush.then((all) => flushed.push(all)));
  await connection.read();
  assert.deepEqual(flushed, []);
  connection.says({ ack: 1 });
  await Promise.all(both);
  assert.deepEqual(flushed, [true, true]);
  await device.close();
});

withHub("a hub that names ages waits as long as a timer can, not no time at all", async (hub, address) => {
  const [ages, warnings] = [2 ** 40, /** @type {string[]} */ ([])];
  const warned = (/** @type {Error} */ warning) => warnings.push(warning.name);
  process.on("warning", warned);
  const { device, disconnected } = telling({ address });
  device.connect();
  const { connection } = await hub.welcome({ heartbeat: ages });
  device.send("t", 1);
  await connection.read();
  connection.says({ bye: "stopping", again: "later", wait: ages });
  assert.equal(await disconnected.next(), "stopping");
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", warned);
  assert.deepEqual(warnings, [], "no timer is too long");
  await device.close();
});

withHub("a hub that is half open is left after two heartbeats", async (hub, address) => {
  const { device, disconnected } = telling({ address, heartbeat: 1 });
  device.connect();
  const { connection } = await hub.welcome({ heartbeat: 1 });
  assert.equal(await disconnected.next(), "silent");
  await connection.ended();
  assert.equal((await hub.welcome()).identify.session, "k7-1");
  await device.close();
});

withHub("a black hole holds up neither the program nor send", async (hub, address) => {
  const { device } = telling({ address, outbox: { messages: 100 } });
  device.connect();
  const { connection } = await hub.welcome({ window: 1_000_000 });
  connection.stall();
  await eventually("the welcome", () => device.connected);
  const text = "x".repeat(60_000);
  for (let n = 0; n < 300; n += 1) {
    assert.equal(device.send("text", text), true);
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(device.queued <= 100 && device.dropped >= 200);
  assert.equal(device.books.accepted, device.books.acked + device.books.dropped + device.books.queued);
  assert.equal(await device.flush(50), false);
  await device.close();
});

withHub("a line that comes twice changes nothing the second time", async (hub, address) => {
  const { device } = telling({ address });
  let begun = 0;
  device.onCommand("fan", () => (begun += 1));
  device.send("t", 1);
  device.connect();
  const { connection, identify } = await hub.welcome();
  connection.welcome(identify);
  assert.equal((await connection.read()).seq, 1);
  for (let n = 0; n < 2; n += 1) connection.says({ ack: 1 });
  for (let n = 0; n < 3; n += 1) {
    connection.says({ command: 7, channel: "fan", value: true, ttl: 5000 });
    assert.deepEqual(await connection.read(), { result: 7, ok: true, value: 1 });
  }
  connection.says({ command: 6, channel: "fan", value: true, ttl: 5000 });
  connection.says({ command: 8, channel: "fan", value: true, ttl: 5000 });
  assert.equal((await connection.read()).result, 8);
  assert.deepEqual([begun, device.queued, device.books.acked], [2, 0, 1]);
  await device.close();
});

withHub("a bye that says never is the end, and the program is told why", async (hub, address) => {
  const { device, disconnected } = telling({ address, token: "wrong" });
  device.connect();
  const connection = await hub.next();
  assert.equal((await connection.read()).token, "wrong");
  connection.says({ bye: "auth", again: "never" });
  assert.equal(await disconnected.next(), "auth");
  assert.equal(device.send("t", 1), true, "it is kept");
  assert.equal(await device.flush(10_000), false, "nobody will take it");
  await device.close();
});

withHub("the id and the token that a hub gave are there in the next run, and are given up where it does not want them", async (hub, address) => {
  const outbox = fs.mkdtempSync(join(tmpdir(), "glassline-js-"));
  const first = telling({ address, id: "", token: "JOIN", outbox });
  first.device.connect();
  const { identify } = await hub.welcome({ welcome: "new-7", token: "gl_own" });
  assert.deepEqual([identify.identify, identify.token], ["", "JOIN"]);
  await first.connected.next();
  const kept = join(outbox, "identity");
  await eventually("it is kept", () => fs.existsSync(kept));
  await first.device.close();
  assert.equal(fs.readFileSync(kept, "utf8"), '{"asked":"","id":"new-7","token":"gl_own"}\n');
  assert.equal(fs.statSync(kept).mode & 0o777, 0o600);

  const second = telling({ address, id: "", token: "ANOTHER", outbox });
  assert.equal(second.device.id, "new-7");
  second.device.connect();
  const asked = [];
  for (let n = 0; n < 2; n += 1) {
    const connection = await hub.next();
    const { identify, token } = await connection.read();
    asked.push([identify, token]);
    connection.says({ bye: "auth", again: "never" });
  }
  assert.deepEqual(asked, [["new-7", "gl_own"], ["", "ANOTHER"]]);
  assert.equal(await second.disconnected.next(), "auth");
  await second.device.close();
  fs.rmSync(outbox, { recursive: true });
});

withHub("what a hub must not say breaks nothing", async (hub, address) => {
  const { device, reports } = telling({ address });
  device.connect();
  const { connection } = await hub.welcome();
  for (const line of ["", "}", "[]", "null", '{"ack":-1}', '{"ack":1e99}', '{"command":{}}', `{"a":"${"x".repeat(70_000)}"}`]) {
    connection.says(line);
  }
  connection.says({ error: { line: 1, at: 0, code: "bad_json", reason: "odd" } });
  connection.says({ command: 1, channel: "fan", value: 1, ttl: 1 });
  assert.deepEqual(await connection.read(), { result: 1, ok: false, reason: "nothing here takes commands on fan" });
  assert.match(reports[0], /bad_json/);
  await device.close();
});

test("without anybody there send accepts, and close says what is lost", async () => {
  const { device, disconnected } = telling({ address: "tcp://127.0.0.1:9" });
  device.connect();
  assert.equal(device.send("t", 1), true);
  assert.equal(await device.close(), false);
  assert.equal(await disconnected.next(), "ended");
  assert.equal(device.send("t", 2), false);
});

test("lines go over TLS, and a hub with a certificate that nobody knows is not talked to", async () => {
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => fs.readFileSync(join(import.meta.dirname, "tls", name)));
  const hub = await new ScriptedHub({ key, cert }).listen();
  const { device, connected } = telling({ address: `tls://${hub.address}`, tls: { ca: cert } });
  device.connect();
  const { connection } = await hub.welcome();
  await connected.next();
  device.send("t", 1);
  assert.equal((await connection.read()).seq, 1);
  await device.close();

  const stranger = telling({ address: `tls://${hub.address}` });
  stranger.device.connect();
  await eventually("its refusal", () => hub.refused > 0);
  await stranger.device.close();
  await hub.close();
});

test("what is no address, no id or no bound is refused when the device is made", () => {
  for (const settings of [
    { address: "http://hub" },
    { address: "tcp://" },
    { address: "tcp://hub:7070/device" },
    { address: "tcp://hub:70000" },
    { address: "tcp://hub", id: "a b" },
    { address: "tcp://hub", lineMax: 100 },
    { address: "tcp://hub", outbox: { messages: 0 } },
  ]) {
    assert.throws(() => new Device(settings), JSON.stringify(settings));
  }
});
