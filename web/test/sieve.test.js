// What of a long list of devices is shown, and in what order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERYTHING, searchOf, sift, tally, wantedOf } from "glassline/sieve";

/** @type {import("glassline/watch").ListEntry[]} */
const DEVICES = [
  { id: "pump-10", presence: "online", since: 30, labels: ["barn"] },
  { id: "pump-2", presence: "offline", since: 20, name: "Pump of the well", labels: ["barn", "Wasser"] },
  { id: "boiler", presence: "unreachable", since: 10, name: "Ängstrom" },
];

const ids = (/** @type {Partial<import("glassline/sieve").Wanted>} */ wanted) =>
  sift(DEVICES, { ...EVERYTHING, ...wanted }).map((entry) => entry.id);

test("names are in the order in which people count", () => {
  assert.deepEqual(ids({}), ["boiler", "pump-2", "pump-10"]);
});

test("every word is looked for in name, id and labels, large or small", () => {
  assert.deepEqual(ids({ text: "PUMP well" }), ["pump-2"]);
  assert.deepEqual(ids({ text: "wasser" }), ["pump-2"]);
  assert.deepEqual(ids({ text: "pump boiler" }), []);
  assert.deepEqual(ids({ text: "  " }).length, 3);
});

test("presence and label leave out the others", () => {
  assert.deepEqual(ids({ presence: "offline" }), ["pump-2"]);
  assert.deepEqual(ids({ label: "barn" }), ["pump-2", "pump-10"]);
  assert.deepEqual(ids({ label: "barn", presence: "online" }), ["pump-10"]);
});

test("the latest change, or those that want somebody, can come first", () => {
  assert.deepEqual(ids({ order: "since" }), ["pump-10", "pump-2", "boiler"]);
  assert.deepEqual(ids({ order: "presence" }), ["boiler", "pump-2", "pump-10"]);
});

test("presences are counted and labels are listed once", () => {
  const { presences, labels } = tally(DEVICES);
  assert.deepEqual([...presences].sort(), [["offline", 1], ["online", 1], ["unreachable", 1]]);
  assert.deepEqual(labels, ["barn", "Wasser"]);
});

test("an address keeps what is looked for, and what else is in it", () => {
  /** @type {import("glassline/sieve").Wanted} */
  const wanted = { text: "a b&c", presence: "offline", label: "barn", order: "since" };
  const search = searchOf(wanted, "?kiosk=1");
  assert.deepEqual(wantedOf(search), wanted);
  assert.equal(new URLSearchParams(search).get("kiosk"), "1");
  assert.equal(searchOf(EVERYTHING, search), "?kiosk=1");
  assert.deepEqual(wantedOf("?sort=nonsense"), EVERYTHING);
});
