// What was lost, what was asked for and what became of it: the page of a device hides none of it.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const MINUTE_MS = 60_000;

scenario("a recorded gap is a hatched band between the samples around it, with its count and its reason", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("meter-1");
  await device.join();
  const begin = Date.now() - 10 * MINUTE_MS;
  for (const minute of [0, 1, 2]) await device.deliver({ power: 100 + minute }, { ts: begin + minute * MINUTE_MS });
  device.send({ skip: device.seq + 11, reason: "overflow" });
  device.seq += 12;
  for (const minute of [6, 7]) await device.deliver({ power: 100 + minute }, { ts: begin + minute * MINUTE_MS });

  const { gaps } = await hub.json("/api/devices/meter-1/channels/power/history?points=500");
  assert.equal(gaps.length, 1);
  assert.deepEqual([gaps[0].after, gaps[0].before], [begin + 2 * MINUTE_MS, begin + 6 * MINUTE_MS]);

  const panel = await cast.panel("/devices/meter-1");
  const chart = panel.component("chart", { channel: "power" });
  const band = chart.getByRole("img", { name: /12 messages lost \(overflow\)/ });
  await band.waitFor();
  await panel.reads(band, /^12 lost/);
  const [drawn, plot] = [await band.boundingBox(), await chart.locator(".u-over").boundingBox()];
  assert.ok(drawn && plot);
  const share = drawn.width / plot.width;
  assert.ok(Math.abs(share - 4 / 15) < 0.02, `four of fifteen minutes, not ${share}`);
  await band.hover();
  await panel.reads(chart.locator('[data-part="readout"]'), "12 messages lost (overflow)");
  await chart.locator('[data-part="losses-summary"]').click();
  await panel.reads(chart.getByRole("listitem"), "12 messages lost (overflow)");
  const source = await (await hub.fetch("/devices/meter-1")).text();
  assert.match(source, /12 messages lost \(overflow\)/, "it is there without a script too");
});

scenario("a gap that is learned while one looks is drawn, until the next sample", async (cast) => {
  await cast.hub();
  const device = cast.device("meter-2");
  await device.join();
  const begin = Date.now() - 5 * MINUTE_MS;
  await device.deliver({ power: 1 }, { ts: begin });
  const panel = await cast.panel("/devices/meter-2");
  const chart = panel.component("chart", { channel: "power" });
  await eventually("the history is drawn", async () => (await chart.getAttribute("data-points")) === "1");
  assert.equal(await chart.locator(".lost").count(), 0);
  device.send({ skip: device.seq, reason: "overflow" });
  device.seq += 1;
  await chart.getByRole("img", { name: /1 message lost \(overflow\)/ }).waitFor();
  const end = Date.now();
  await device.deliver({ power: 2 }, { ts: end });
  await eventually("the next sample is drawn too", async () => (await chart.getAttribute("data-points")) === "2");
  const [drawn, plot] = [await chart.locator(".lost").boundingBox(), await chart.locator(".u-over").boundingBox()];
  assert.ok(drawn && plot);
  assert.ok(Math.abs(drawn.width / plot.width - (end - begin) / (15 * MINUTE_MS)) < 0.02, "from the sample before it to the one after it");
});

scenario("the table of commands says who asked for what and what became of it, live and after a restart", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("greenhouse-1");
  await device.join();
  device.send({ describe: { fan: { input: "switch" }, vent: { input: "number" } } });
  await device.deliver({ fan: false, vent: 20 });
  const panel = await cast.panel("/devices/greenhouse-1");
  const table = panel.component("command-table");
  await panel.reads(table, "Nothing has been asked of this device yet.");
  const row = (/** @type {number} */ at) => table.getByRole("row").nth(at);

  await panel.component("switch", { channel: "fan" }).getByRole("switch").click();
  const command = await device.next("command");
  await panel.reads(row(1), /admin\s+fan\s+true\s+Sent/);
  device.send({ result: command.command, ok: false, reason: "valve stuck" });
  await panel.reads(row(1), /admin\s+fan\s+true\s+Failed\s+valve stuck/);

  const body = JSON.stringify({ command: "c-2", channel: "vent", value: 40 });
  const sent = hub.fetch("/api/devices/greenhouse-1/commands", { method: "POST", body, headers: { "content-type": "application/json" } });
  device.send({ result: (await device.next("command")).command, ok: true });
  assert.equal((await sent).status, 202);
  await panel.reads(row(1), /vent\s+40\s+Done/);
  await panel.reads(row(2), /fan\s+true\s+Failed/);

  const source = await (await hub.fetch("/devices/greenhouse-1")).text();
  assert.match(source, /valve stuck/, "the first paint has real rows");
  panel.expect(/WebSocket|Failed to (load|fetch)|ERR_|503/);
  await hub.stop();
  await hub.start();
  const later = await cast.panel("/devices/greenhouse-1");
  const rows = later.component("command-table").getByRole("row");
  await later.reads(rows.nth(1), /vent\s+40\s+Done/);
  await later.reads(rows.nth(2), /fan\s+true\s+Failed\s+valve stuck/);
});

scenario("the ledger follows what happens without a reload, and says whether it balances", async (cast) => {
  await cast.hub();
  const device = cast.device("boiler-1");
  await device.join();
  await device.deliver({ temperature: 20 });
  const panel = await cast.panel("/devices/boiler-1");
  const ledger = panel.component("ledger");
  const part = (/** @type {string} */ name) => ledger.locator(`[data-part="${name}"]`);
  await panel.reads(part("committed"), /^1$/);
  await panel.reads(part("balance-text"), "The books balance");
  await panel.reads(part("as-of"), /As of .*\d\d:\d\d:\d\d/);

  device.send({ seq: 1, values: { temperature: 20 } });
  await panel.reads(part("duplicate"), /^1$/);
  device.send({ skip: 5, reason: "overflow" });
  device.seq = 6;
  await device.deliver({ temperature: 22 });
  await device.deliver({ temperature: 19 }, { ts: Date.now() - MINUTE_MS });
  await panel.reads(part("committed"), /^3$/);
  await panel.reads(part("received"), /^3$/);
  await panel.reads(part("skipped"), /^4$/);
  await panel.reads(part("late"), /^1$/);
  await panel.reads(part("gaps"), "overflow 4 lost in 1 gap");
  await panel.reads(part("balance-text"), "The books balance");
  await panel.reads(panel.component("value", { channel: "temperature" }), /^Temperature\s+22/);
});
