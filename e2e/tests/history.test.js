// What was taken over is still there after the plug was pulled, in the chart and in the files one fetches.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const MINUTE_MS = 60_000;
/** Places on a chart where the mouse is held. */
const MOUSE_STEPS = 40;

scenario("the chart shows what was stored before a restart", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("meter-1");
  await device.join();
  const begin = Date.now() - 10 * MINUTE_MS;
  for (let minute = 0; minute < 10; minute++) {
    await device.deliver({ power: 100 + minute }, { ts: begin + minute * MINUTE_MS });
  }
  await hub.stop("SIGKILL");
  await hub.start();

  const history = await hub.json("/api/devices/meter-1/channels/power/history?points=500");
  assert.deepEqual(
    history.points.map((/** @type {number[]} */ point) => point[1]),
    [100, 101, 102, 103, 104, 105, 106, 107, 108, 109],
  );
  const panel = await cast.panel("/devices/meter-1");
  await eventually("old and new values under the mouse", async () => {
    const seen = await readings(panel, panel.component("chart", { channel: "power" }));
    return seen.has(100) && seen.has(109);
  });
});

scenario("a chart goes on live from where the stored samples end", async (cast) => {
  await cast.hub();
  const device = cast.device("meter-2");
  await device.join();
  await device.deliver({ power: 1 }, { ts: Date.now() - 5 * MINUTE_MS });
  const panel = await cast.panel("/devices/meter-2");
  const chart = panel.component("chart", { channel: "power" });
  await eventually("the stored value under the mouse", async () => (await readings(panel, chart)).has(1));
  await device.deliver({ power: 2 });
  await eventually("the live value under the mouse too", async () => {
    const seen = await readings(panel, chart);
    return seen.has(1) && seen.has(2);
  });
});

scenario("an open page finds its way back to a hub that was restarted and misses nothing", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("meter-3");
  await device.join();
  await device.deliver({ power: 1 });
  const panel = await cast.panel("/devices/meter-3");
  await panel.reads(panel.component("value", { channel: "power" }), "1");
  panel.expect(/WebSocket|Failed to (load|fetch)|ERR_|503/);
  await hub.stop();
  await panel.page.locator('[data-role="connection"]:not([data-state="connected"])').waitFor();
  await hub.start();
  await device.join();
  await device.deliver({ power: 2 });
  await panel.connected();
  await panel.reads(panel.component("value", { channel: "power" }), "2");
});

scenario("every stored sample can be fetched, exactly as it was sent", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("meter-4");
  await device.join();
  const values = ["1", "1.0", "-0.10", "1e3", '"text"', "true", '{"a":[1,2.50]}', "null"];
  for (const value of values) {
    device.send(`{"seq":${device.seq},"channel":"mixed","value":${value}}`);
    device.seq += 1;
  }
  await eventually("all acked", async () => (await device.next("ack")).ack === values.length);
  const answer = await hub.fetch("/api/devices/meter-4/channels/mixed/samples?format=ndjson");
  const lines = (await answer.text()).trim().split("\n");
  assert.deepEqual(lines.map((line) => /"value":(.*),"session"/.exec(line)?.[1]), values);
  assert.deepEqual(lines.map((line) => JSON.parse(line).seq), values.map((_, index) => index + 1));
});

scenario("a spike stays visible however far out one looks", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("meter-5");
  await device.join();
  const begin = Date.now() - 60 * MINUTE_MS;
  for (let second = 0; second < 600; second++) {
    device.send({ seq: device.seq++, channel: "power", value: second === 333 ? 9000 : 100, ts: begin + second * 1000 });
    if (device.seq % 32 === 0) await eventually("acks", async () => (await device.next("ack")).ack === device.seq - 1);
  }
  await eventually("the last ack", async () => (await device.next("ack")).ack === 600);
  const { buckets } = await hub.json("/api/devices/meter-5/channels/power/history?points=50");
  assert.ok(buckets.length <= 50, `${buckets.length} buckets`);
  assert.equal(Math.max(...buckets.map((/** @type {number[]} */ bucket) => bucket[2])), 9000);
  assert.equal(buckets.reduce((/** @type {number} */ sum, /** @type {number[]} */ bucket) => sum + bucket[4], 0), 600);
});

/**
 * The values that a reader finds by moving the mouse over a chart.
 * @param {import("../panel.js").Panel} panel
 * @param {import("playwright-core").Locator} chart
 * @returns {Promise<Set<number>>}
 */
async function readings(panel, chart) {
  const plot = chart.locator(".u-over");
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  if (!box) throw new Error("the chart has no plot");
  const seen = new Set();
  for (let step = 0; step <= MOUSE_STEPS; step++) {
    await panel.page.mouse.move(box.x + 1 + ((box.width - 2) * step) / MOUSE_STEPS, box.y + box.height / 2);
    seen.add(parseFloat(await chart.locator('[data-part="readout"]').innerText()));
  }
  return seen;
}
