import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Device } from "../src/node.js";
import { FileOutbox } from "../src/store/outbox.js";
import { Driver } from "./hub/driver.js";

const settings = { address: "tcp://127.0.0.1:9", id: "pump-1" };

/** @param {string} name @param {(folder: string) => Promise<void>} play */
function inFolder(name, play) {
  test(name, async () => {
    const parent = fs.mkdtempSync(join(tmpdir(), "glassline-js-"));
    await play(join(parent, "a", "outbox"));
    fs.rmSync(parent, { recursive: true });
  });
}

/** Fills an outbox and lets go of it. @param {string} folder @param {number} messages */
async function filled(folder, messages) {
  const device = new Device({ ...settings, outbox: folder });
  for (let n = 0; n < messages; n += 1) assert.ok(device.send("n", n, 5));
  assert.equal(await device.close(), true, "nothing is lost by that");
}

/** @param {string} folder */
const logs = (folder) => fs.readdirSync(folder).filter((name) => name.endsWith(".log")).sort();

inFolder("what was accepted is there in the next run", async (folder) => {
  await filled(folder, 3);
  const device = new Device({ ...settings, outbox: folder });
  assert.deepEqual([device.queued, device.books.restored, device.report?.restored], [3, 3, 3]);
  assert.equal(device.send("n", 4), true);
  assert.equal(await device.sync(), true);
  await device.close();
});

inFolder("an outbox is for one program, and for the next once the first was killed", async (folder) => {
  const driver = new Driver(settings.address, settings.id, "--outbox", folder);
  await driver.event("ready");
  driver.orders("send n 1");
  assert.equal((await driver.event("sent")).accepted, true);
  assert.throws(() => new Device({ ...settings, outbox: folder }), /in use/);
  await driver.kill();
  const device = new Device({ ...settings, outbox: folder });
  assert.equal(device.queued, 1);
  assert.throws(() => new Device({ ...settings, outbox: folder }), /in use/);
  await device.close();
  await new Device({ ...settings, outbox: folder }).close();
  assert.deepEqual(fs.readdirSync(folder).filter((name) => name.startsWith("lock")), []);
});

inFolder("what is dropped gives back its files", async (folder) => {
  const device = new Device({ ...settings, outbox: { folder, messages: 1000, bytes: 64 * 1024 } });
  for (let n = 0; n < 20_000; n += 1) assert.ok(device.send("n", n, 5));
  const bytes = logs(folder).reduce((sum, name) => sum + fs.statSync(join(folder, name)).size, 0);
  assert.ok(bytes < 4 * 64 * 1024, `${bytes} bytes`);
  const { accepted, dropped, queued } = device.books;
  assert.deepEqual([accepted, dropped + queued], [20_000, 20_000]);
  await device.close();
  const again = new Device({ ...settings, outbox: { folder, messages: 1000, bytes: 64 * 1024 } });
  assert.equal(again.queued, queued);
  await again.close();
});

inFolder("no flipped bit keeps a program from starting, and only what it hits is lost", async (folder) => {
  await filled(folder, 20);
  const [log] = logs(folder).map((name) => join(folder, name));
  const whole = fs.readFileSync(log);
  for (let bit = 3; bit < whole.length * 8; bit += 211) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    for (const name of logs(folder)) fs.rmSync(join(folder, name));
    fs.writeFileSync(log, flipped);
    const device = new Device({ ...settings, outbox: folder });
    const { restored = 0, damages = [], missing = [] } = device.report ?? {};
    const lost = missing.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    assert.ok(damages.length > 0, `bit ${bit} is not found`);
    assert.ok(restored >= 18 && restored + lost >= 20, `bit ${bit}: ${restored} restored, ${lost} lost`);
    assert.equal(device.send("n", 1), true);
    await device.close();
    fs.rmSync(join(folder, "head"));
  }
});

inFolder("a log that ends anywhere gives all its whole messages", async (folder) => {
  await filled(folder, 5);
  const [log] = logs(folder).map((name) => join(folder, name));
  const whole = fs.readFileSync(log);
  for (let end = 0; end <= whole.length; end += 3) {
    for (const name of logs(folder)) fs.rmSync(join(folder, name));
    fs.rmSync(join(folder, "head"), { force: true });
    fs.writeFileSync(log, whole.subarray(0, end));
    const expected = whole.subarray(0, end).toString().split("\n").slice(0, -1).filter((line) => line.includes("seq")).length;
    const outbox = new FileOutbox(folder, 1 << 20);
    const held = outbox.kept.messages.filter((message) => message !== undefined);
    assert.ok(held.length === expected || held.length === expected + 1, `${end}: ${held.length}`);
    await outbox.close();
  }
});

inFolder("an outbox that cannot be written says so, and send does not throw", async (folder) => {
  const device = new Device({ ...settings, outbox: folder });
  // A folder that is gone is like a disk that is full: nothing can be begun there.
  fs.rmSync(folder, { recursive: true });
  assert.equal(device.send("n", 1), false);
  assert.equal(device.queued, 0);
  fs.mkdirSync(folder);
  assert.equal(device.send("n", 2), true);
  await device.close();
});
