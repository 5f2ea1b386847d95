// A page that lost its connection goes on where it was: with all that it missed, or moved forward and told how much that was.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

/** Messages and gaps that a page is given after a cut; one more, and it is moved forward. */
const RESUME_MAX = 1000;
/** Fewer than the hub has in memory. */
const FEW = 20;
/** Messages that a device sends before it waits for their acks. */
const WINDOW = 60;

/**
 * What a page knows of a device: where it is in its log, what it was shown and what it was moved past.
 * @param {import("../panel.js").Panel} panel
 * @param {string} id
 */
function counts(panel, id) {
  return panel.page.evaluate(async ([module, device]) => {
    const { panel } = await import(module);
    const { cursor, received, skipped } = panel.watch.devices.get(device);
    return { cursor, received, skipped };
  }, ["glassline", id]);
}

/** @param {import("../device.js").Device} device @param {number} from @param {number} to */
async function deliver(device, from, to) {
  for (let count = from; count <= to; count++) {
    if ((count - from) % WINDOW === WINDOW - 1 || count === to) await device.deliver({ count });
    else device.send({ seq: device.seq++, values: { count } });
  }
}

/**
 * A page that shows a device, is cut off while it sends, and comes back.
 * @param {import("../scenario.js").Cast} cast
 * @param {string} id
 * @param {number} missed how many messages it misses
 * @param {(hub: import("../hub.js").Hub) => Promise<unknown>} [meanwhile] what else happens while it is away
 */
async function cutOff(cast, id, missed, meanwhile = async () => {}) {
  const hub = await cast.hub();
  const device = cast.device(id);
  await device.join();
  await device.deliver({ count: 0 });
  const panel = await cast.panel("/");
  const line = await panel.line();
  await panel.go(`/devices/${id}`);
  const value = panel.component("value", { channel: "count" });
  await panel.reads(value, /^Count\s+0/);
  const before = await counts(panel, id);
  panel.expect(/WebSocket|Failed to (load|fetch)|ERR_/);
  line.cut();
  await panel.page.locator('[data-role="connection"]:not([data-state="connected"])').waitFor({ state: "attached" });
  await deliver(device, 1, missed);
  await meanwhile(hub);
  line.mend();
  await panel.connected();
  await panel.reads(value, new RegExp(`^Count\\s+${missed}\\b`));
  const after = await eventually("the page is at the end of the log", async () => {
    const now = await counts(panel, id);
    return now.cursor === before.cursor + missed ? now : undefined;
  });
  assert.equal(after.received - before.received + after.skipped - before.skipped, missed, "all are accounted for");
  return { hub, device, panel, skipped: after.skipped - before.skipped };
}

scenario("after a short cut a page is given what it missed", async (cast) => {
  assert.equal((await cutOff(cast, "short-1", FEW)).skipped, 0);
});

scenario("what is no longer in memory comes from the store", async (cast) => {
  assert.equal((await cutOff(cast, "long-1", RESUME_MAX)).skipped, 0);
});

scenario("a page that is still further behind is moved forward and told how many it missed", async (cast) => {
  assert.equal((await cutOff(cast, "far-1", RESUME_MAX + 1)).skipped, RESUME_MAX);
});

scenario("what a page missed comes from the store also after a restart", async (cast) => {
  const restart = async (/** @type {import("../hub.js").Hub} */ hub) => {
    await hub.stop("SIGKILL");
    await hub.start();
  };
  assert.equal((await cutOff(cast, "restart-1", 300, restart)).skipped, 0);
});

scenario("a device that was made anew under the same id is not taken for the old one", async (cast) => {
  const hub = await cast.hub();
  const old = cast.device("twin-1");
  await old.join();
  await deliver(old, 1, 5);
  const panel = await cast.panel("/");
  const line = await panel.line();
  await panel.go("/devices/twin-1");
  await panel.reads(panel.component("value", { channel: "count" }), /^Count\s+5/);
  panel.expect(/WebSocket|Failed to (load|fetch)|ERR_/);
  line.cut();
  await panel.page.locator('[data-role="connection"]:not([data-state="connected"])').waitFor({ state: "attached" });
  await hub.fetch("/api/devices/twin-1", { method: "DELETE" });
  const other = cast.device("twin-1");
  await other.join();
  for (let level = 1; level <= 9; level++) await other.deliver({ level });
  line.mend();
  await panel.connected();
  await panel.reads(panel.component("value", { channel: "level" }), /^Level\s+9/);
  await eventually("what the old one said is gone", async () => (await panel.component("value", { channel: "count" }).count()) === 0);
});

scenario("a page that does not read is told exactly how many it was moved past", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("frozen-1");
  await device.joinPlain();
  device.send({ count: 0 });
  await eventually("the first sample is there", async () => (await hub.json("/api/devices/frozen-1")).received === 1);
  const reader = await cast.reader("frozen-1");
  assert.equal((await reader.next("snapshot")).cursor, 1);
  reader.freeze();
  // Long enough for what waits in sockets to be full: then the hub waits for the page.
  const [messages, text] = [4000, "x".repeat(8000)];
  for (let count = 1; count <= messages; count++) {
    device.send({ count, text });
    if (count % 100 === 0) {
      await eventually("they are taken over", async () => (await hub.json("/api/devices/frozen-1")).received === count + 1);
    }
  }
  reader.thaw();
  let [cursor, received, skipped] = [1, 0, 0];
  /** @type {any} */
  let patch;
  while (cursor < messages + 1) {
    patch = await reader.next("cursor");
    assert.equal(patch.cursor, cursor + 1 + (patch.skipped ?? 0), "nothing is missing that was not counted");
    cursor = patch.cursor;
    received += 1;
    skipped += patch.skipped ?? 0;
  }
  assert.equal(received + skipped, messages);
  assert.ok(skipped > 0, "it was moved forward");
  assert.equal(patch.values.count, messages, "it ends at the newest value");
});
