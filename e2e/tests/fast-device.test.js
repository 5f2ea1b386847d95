// A device that says more than a page can draw: the page is moved forward, and every message is still accounted for.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const MESSAGES = 5000;

scenario("a page ends at the newest value and counts what it was moved past", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("fast-1");
  await device.joinPlain();
  device.send({ count: 0 });
  const panel = await cast.panel("/devices/fast-1");
  const value = panel.component("value", { channel: "count" });
  await panel.reads(value, /^Count\s+0/);

  for (let count = 1; count <= MESSAGES; count++) device.send({ count });
  await panel.reads(value, String(MESSAGES));
  await eventually("every message is counted", async () => {
    const received = await panel.component("device-header").locator('[data-part="received"]').innerText();
    return Number(received.replace(/\D/g, "")) === MESSAGES + 1;
  });
  const stored = await (await hub.fetch("/api/devices/fast-1/channels/count/samples?format=ndjson")).text();
  const counts = stored.trim().split("\n").map((line) => JSON.parse(line).value);
  assert.deepEqual(counts, Array.from({ length: MESSAGES + 1 }, (_, count) => count));
});

scenario("a page that was not listening for a while is brought up to date", async (cast) => {
  await cast.hub();
  const device = cast.device("fast-2");
  await device.joinPlain();
  device.send({ count: 0 });
  const panel = await cast.panel("/");
  const valve = await panel.valve();
  await panel.go("/devices/fast-2");
  const value = panel.component("value", { channel: "count" });
  await panel.reads(value, /^Count\s+0/);
  valve.shut();
  for (let count = 1; count <= MESSAGES; count++) device.send({ count });
  await eventually("the hub has them all", async () => {
    return (await cast.hubs[0].json("/api/devices/fast-2")).channels.count.value === MESSAGES;
  });
  assert.match(await value.innerText(), /^Count\s+0/);
  valve.open();
  await panel.reads(value, String(MESSAGES));
});
