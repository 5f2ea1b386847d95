import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS_MAX, isUnderWay, Watch } from "../watch.js";

const NOW = 1_000_000;
const SNAPSHOT = {
  snapshot: "pump-1", cursor: 10, known: true, presence: "online", since: 500,
  channels: { temperature: { value: 20, ts: 900, every: 1000 } }, describe: { fan: { input: "switch" } },
  counts: { received: 10, gaps: 0 },
};

/** A watch that has had its snapshot. */
function watching() {
  const watch = new Watch();
  watch.resume({ log: "x9" }, ["pump-1"], false);
  watch.apply(SNAPSHOT, NOW);
  return watch;
}

/** @param {Watch} watch */
const pump = (watch) => {
  const device = watch.devices.get("pump-1");
  assert.ok(device);
  return device;
};

/** @param {import("../watch.js").Change[]} changes */
const kinds = (changes) => changes.map((change) => change.kind);

test("a snapshot is the whole state", () => {
  const device = pump(watching());
  assert.equal(device.cursor, 10);
  assert.equal(device.presence, "online");
  assert.deepEqual(device.channels.get("temperature"), { value: 20, ts: 900, every: 1000 });
  assert.equal(device.heard, 900);
});

test("a patch moves the cursor and the channel's now", () => {
  const watch = watching();
  const changes = watch.apply({ device: "pump-1", cursor: 11, channel: "temperature", value: 21, ts: 1900 }, NOW);
  assert.deepEqual(changes, [
    { kind: "sample", device: "pump-1", sample: { channel: "temperature", value: 21, ts: 1900, late: false } },
  ]);
  assert.equal(pump(watch).cursor, 11);
  assert.equal(pump(watch).counts.received, 11);
  assert.deepEqual(pump(watch).channels.get("temperature"), { value: 21, ts: 1900, every: 1000 });
});

test("a rhythm that the hub has learned holds for what is shown and for what comes", () => {
  const watch = watching();
  const learned = { device: "pump-1", every: { temperature: 5000, humidity: 60_000 } };
  assert.deepEqual(watch.apply(learned, NOW), [{ kind: "rhythm", device: "pump-1" }]);
  assert.deepEqual(pump(watch).channels.get("temperature"), { value: 20, ts: 900, every: 5000 });
  watch.apply({ device: "pump-1", cursor: 11, values: { temperature: 21, humidity: 40 }, ts: 1900 }, NOW);
  assert.deepEqual(pump(watch).channels.get("temperature"), { value: 21, ts: 1900, every: 5000 });
  assert.deepEqual(pump(watch).channels.get("humidity"), { value: 40, ts: 1900, every: 60_000 });
});

test("a rhythm that the device declares no longer is none", () => {
  const watch = watching();
  watch.apply({ device: "pump-1", every: { temperature: null } }, NOW);
  assert.equal(pump(watch).channels.get("temperature")?.every, undefined);
});

test("a patch with several channels says when one of them is new", () => {
  const watch = watching();
  const changes = watch.apply({ device: "pump-1", cursor: 11, values: { temperature: 21, humidity: 40 }, ts: 1900 }, NOW);
  assert.deepEqual(kinds(changes), ["sample", "sample", "channels"]);
});

test("after a cut only what was missed is asked for, and nothing is shown twice", () => {
  const watch = watching();
  watch.apply({ device: "pump-1", cursor: 11, channel: "temperature", value: 21, ts: 1900 }, NOW);
  const asked = watch.resume({ log: "x9" }, ["pump-1"], true);
  assert.deepEqual(asked, [{ watch: ["pump-1"], log: "x9", after: { "pump-1": 11 } }, { watch_devices: true }]);
  assert.deepEqual(watch.apply({ device: "pump-1", cursor: 11, channel: "temperature", value: 21, ts: 1900 }, NOW), []);
  const missed = watch.apply({ device: "pump-1", cursor: 12, channel: "temperature", value: 22, ts: 2900 }, NOW);
  assert.deepEqual(kinds(missed), ["sample"]);
  assert.equal(pump(watch).channels.get("temperature")?.value, 22);
});

test("the cursors of another log are worth nothing", () => {
  const watch = watching();
  assert.deepEqual(watch.resume({ log: "y1" }, ["pump-1"], false), [{ watch: ["pump-1"] }]);
  const early = watch.apply({ device: "pump-1", cursor: 3, channel: "temperature", value: 1, ts: 1 }, NOW);
  assert.deepEqual(early, [], "before the snapshot there is nothing to patch");
  watch.apply({ ...SNAPSHOT, cursor: 2 }, NOW);
  assert.equal(pump(watch).cursor, 2, "a snapshot resets the cursor, also backwards");
});

test("received and skipped add up to what was committed", () => {
  const watch = watching();
  watch.apply({ device: "pump-1", cursor: 11, channel: "temperature", value: 1, ts: 1000 }, NOW);
  const changes = watch.apply({ device: "pump-1", cursor: 19, channel: "temperature", value: 9, ts: 1900, skipped: 7 }, NOW);
  assert.deepEqual(kinds(changes), ["skipped", "sample"]);
  const { received, skipped, cursor } = pump(watch);
  assert.equal(received + skipped, (cursor ?? 0) - 10);
});

test("what is missing without having been declared is noticed", () => {
  const changes = watching().apply({ device: "pump-1", cursor: 14, channel: "temperature", value: 9, ts: 1900 }, NOW);
  assert.deepEqual(changes[0], { kind: "hole", device: "pump-1", missing: 3 });
});

test("a late sample is history and never now", () => {
  const watch = watching();
  const [declared] = watch.apply({ device: "pump-1", cursor: 11, channel: "temperature", value: 5, ts: 100, late: true }, NOW);
  assert.ok(declared?.kind === "sample" && declared.sample.late);
  const mixed = watch.apply({ device: "pump-1", cursor: 12, values: { temperature: 6, humidity: 40 }, ts: 200 }, NOW);
  assert.deepEqual(mixed.flatMap((change) => (change.kind === "sample" ? [change.sample.late] : [])), [true, false]);
  assert.equal(pump(watch).channels.get("temperature")?.value, 20);
});

test("a recorded gap has its place in the log", () => {
  const watch = watching();
  const changes = watch.apply({ device: "pump-1", cursor: 11, lost: { from: 91, to: 95, reason: "overflow" } }, NOW);
  assert.deepEqual(changes, [{ kind: "gap", device: "pump-1", gap: { from: 91, to: 95, reason: "overflow" } }]);
  assert.equal(pump(watch).counts.gaps, 1);
  assert.deepEqual(kinds(watch.apply({ device: "pump-1", cursor: 12, channel: "temperature", value: 1, ts: 1000 }, NOW)), ["sample"]);
});

test("presence and description have no cursor", () => {
  const watch = watching();
  assert.deepEqual(kinds(watch.apply({ device: "pump-1", presence: "offline", since: 2000 }, NOW)), ["presence"]);
  assert.deepEqual(kinds(watch.apply({ device: "pump-1", describe: { fan: {} } }, NOW)), ["describe"]);
  const device = pump(watch);
  assert.deepEqual([device.presence, device.since, device.cursor], ["offline", 2000, 10]);
  assert.deepEqual(device.describe, { fan: {} });
});

test("a device that nobody knows yet becomes known", () => {
  const watch = new Watch();
  watch.apply({ snapshot: "new-1", cursor: 0, known: false }, NOW);
  assert.equal(watch.devices.get("new-1")?.presence, "unknown");
  watch.apply({ device: "new-1", presence: "online", since: 1 }, NOW);
  assert.equal(watch.devices.get("new-1")?.presence, "online");
});

test("the list follows presence and removal", () => {
  const watch = watching();
  watch.apply({ devices: [{ id: "pump-1", presence: "online", since: 1 }] }, NOW);
  watch.apply({ device: "boiler-7", presence: "online", since: 2, name: "Boiler" }, NOW);
  watch.apply({ device: "boiler-7", presence: "offline", since: 3 }, NOW);
  assert.deepEqual(watch.list?.get("boiler-7"), {
    id: "boiler-7", presence: "offline", since: 3, name: "Boiler", labels: [], gateway: undefined,
  });
  watch.apply({ device: "boiler-7", presence: "online", since: 4, name: "Boiler", gateway: "barn" }, NOW);
  assert.equal(watch.list?.get("boiler-7")?.gateway, "barn");
  watch.apply({ device: "boiler-7", presence: "offline", since: 3, name: "Boiler" }, NOW);
  assert.equal(watch.list?.get("boiler-7")?.gateway, undefined, "it is behind none any more");
  watch.apply({ device: "boiler-7", presence: "offline", since: 3, name: "Boiler", labels: ["cellar"] }, NOW);
  assert.deepEqual(watch.list?.get("boiler-7")?.labels, ["cellar"]);
  assert.deepEqual(kinds(watch.apply({ removed: "pump-1" }, NOW)), ["devices", "removed"]);
  assert.deepEqual([...(watch.list?.keys() ?? [])], ["boiler-7"]);
  assert.equal(pump(watch).known, false);
});

test("a command goes its way and is then settled", () => {
  const watch = watching();
  watch.asked({ command: "c1", device: "pump-1", channel: "fan", value: true }, NOW);
  for (const state of ["accepted", "sent", "done"]) {
    watch.apply({ command: "c1", device: "pump-1", channel: "fan", state, by: "ada" }, NOW + 5);
  }
  const receipt = watch.receipt("pump-1", "fan");
  assert.deepEqual(receipt?.way.map((step) => step.state), ["asked", "accepted", "sent", "done"]);
  assert.equal(receipt?.mine, true);
  assert.equal(receipt?.asked, true);
  assert.deepEqual(watch.apply({ command: "c1", device: "pump-1", channel: "fan", state: "sent" }, NOW), []);
});

test("a command that was in doubt may still be cleared up", () => {
  const watch = watching();
  watch.asked({ command: "c1", device: "pump-1", channel: "fan", value: true }, NOW);
  watch.apply({ command: "c1", device: "pump-1", channel: "fan", state: "unknown" }, NOW);
  watch.apply({ command: "c1", device: "pump-1", channel: "fan", state: "failed", reason: "stuck" }, NOW);
  assert.equal(watch.receipt("pump-1", "fan")?.state, "failed");
});

test("another panel's command is shown as theirs", () => {
  const watch = watching();
  const [change] = watch.apply({ command: "c2", device: "pump-1", channel: "fan", state: "sent", by: "ada", asked: 1 }, NOW);
  assert.ok(change?.kind === "command");
  assert.deepEqual([change.receipt.mine, change.receipt.by, change.receipt.asked], [false, "ada", 1]);
});

test("a snapshot brings the commands that are under way", () => {
  const watch = new Watch();
  const commands = [{ command: "c3", device: "pump-1", channel: "fan", state: "queued", by: "ada" }];
  assert.deepEqual(kinds(watch.apply({ ...SNAPSHOT, commands }, NOW)), ["snapshot", "command"]);
});

test("an error that answers a command refuses it", () => {
  const watch = watching();
  watch.asked({ command: "c1", device: "pump-1", channel: "fan", value: true }, NOW);
  watch.apply({ error: { code: "denied", reason: "not permitted" }, command: "c1" }, NOW);
  const receipt = watch.receipt("pump-1", "fan");
  assert.deepEqual([receipt?.state, receipt?.reason], ["refused", "not permitted"]);
});

test("receipts are bounded, and those under way are not forgotten", () => {
  const watch = watching();
  watch.asked({ command: "first", device: "pump-1", channel: "fan", value: 1 }, NOW);
  for (let i = 0; i < COMMANDS_MAX * 2; i++) {
    watch.apply({ command: `c${i}`, device: "pump-1", channel: "x", state: "done", by: "ada" }, NOW);
  }
  assert.equal(watch.commands.size, COMMANDS_MAX);
  const first = watch.commands.get("first");
  assert.ok(first && isUnderWay(first));
});

test("a page says of which device its cursor is, so that one made anew is not taken for it", () => {
  const watch = new Watch();
  watch.resume({ log: "x9" }, ["pump-1"], false);
  watch.apply({ snapshot: "pump-1", cursor: 11, known: true, key: 4, presence: "online", channels: {} }, 0);
  assert.deepEqual(watch.ask(["pump-1"]), { watch: ["pump-1"], log: "x9", after: { "pump-1": 11 }, keys: { "pump-1": 4 } });
});

test("a storage that failed is known until it is said to be back", () => {
  const watch = new Watch();
  assert.deepEqual(watch.apply({ storage: "failed", reason: "disk full", since: 7 }, 9), [{ kind: "storage" }]);
  assert.deepEqual(watch.storage, { failed: true, since: 7, reason: "disk full" });
  watch.apply({ storage: "ok" }, 10);
  assert.equal(watch.storage.failed, false);
});

test("the books and who else uses the id come with the snapshot and are kept up to date", () => {
  const watch = new Watch();
  const ledger = { received: 3, committed: 3, in_flight: 0, duplicate: 0, skipped: 0, late: 0, gaps: [] };
  watch.apply({ snapshot: "pump-1", cursor: 3, known: true, channels: {}, ledger, contested: 5 }, 10);
  const device = watch.devices.get("pump-1");
  assert.deepEqual([device?.ledger, device?.ledgerAt, device?.contested], [ledger, 10, 5]);
  const after = { ...ledger, received: 4 };
  assert.deepEqual(watch.apply({ device: "pump-1", ledger: after, at: 20 }, 21), [{ kind: "ledger", device: "pump-1" }]);
  assert.deepEqual([device?.ledger, device?.ledgerAt], [after, 20]);
  assert.deepEqual(watch.apply({ device: "pump-1", contested: null }, 22), [{ kind: "contested", device: "pump-1" }]);
  assert.equal(device?.contested, undefined);
  assert.deepEqual(watch.apply({ device: "pump-1", contested: null }, 23), []);
});

test("late samples never move now back, also in a jump that is followed by a message of several channels", () => {
  const watch = new Watch();
  watch.apply({ snapshot: "pump-1", cursor: 1, known: true, channels: { a: { value: 1, ts: 100 }, b: { value: 1, ts: 100 } } }, 200);
  watch.apply({ device: "pump-1", cursor: 5, channel: "b", value: 2, ts: 190, skipped: 3 }, 200);
  watch.apply({ device: "pump-1", cursor: 6, values: { a: 3, b: 3 }, ts: 150 }, 200);
  watch.apply({ device: "pump-1", cursor: 7, channel: "a", value: 4, ts: 90, late: true }, 200);
  const device = watch.devices.get("pump-1");
  assert.deepEqual(device?.channels.get("a"), { value: 3, ts: 150, every: undefined });
  assert.deepEqual(device?.channels.get("b"), { value: 2, ts: 190, every: undefined });
  assert.deepEqual([device?.received, device?.skipped], [3, 3]);
});

test("after a cut a device is as it was until the hub has said how it stands", () => {
  const watch = watching();
  watch.resume({ log: "x9" }, ["pump-1"], false);
  assert.equal(pump(watch).isCurrent, false);
  watch.apply({ device: "pump-1", presence: "online", since: 500, name: "pump-1" }, NOW);
  assert.equal(pump(watch).isCurrent, true);
});

test("what this page only guessed of a command is corrected by what the hub says later", () => {
  const watch = watching();
  watch.asked({ command: "c1", device: "pump-1", channel: "fan", value: true }, NOW);
  watch.apply({ command: "c1", state: "refused", reason: "it did not reach the hub", guessed: true }, NOW);
  assert.equal(watch.receipt("pump-1", "fan")?.state, "refused");
  watch.apply({ command: "c1", device: "pump-1", channel: "fan", state: "sent" }, NOW);
  watch.apply({ command: "c1", device: "pump-1", channel: "fan", state: "done" }, NOW);
  assert.equal(watch.receipt("pump-1", "fan")?.state, "done");
});

test("what may be done with a device is kept until the next connection, whatever is said of the device", () => {
  const watch = new Watch();
  assert.deepEqual(watch.apply({ device: "pump-1", may: ["view"] }, 0), [{ kind: "rights", device: "pump-1" }]);
  watch.apply({ snapshot: "pump-1", cursor: 1, known: true, presence: "online", since: 0, channels: {}, describe: {} }, 0);
  assert.deepEqual(watch.rights.get("pump-1"), ["view"]);
  watch.apply({ removed: "pump-1" }, 0);
  assert.deepEqual(watch.apply({ scopes: ["view"] }, 0), [{ kind: "scopes", scopes: ["view"] }]);
  watch.resume({ log: "x" }, [], false);
  assert.equal(watch.rights.size, 0);
});
