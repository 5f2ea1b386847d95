// The disk fails: every page says so at once, nothing is acked, and all goes on by itself when the disk does.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

/** A page says it within this time, ms: sooner than at its next heartbeat. */
const TOLD_MS = 10_000;
const SAID = /The hub cannot write to its disk since .+ Nothing is taken over; devices keep what they measure\./;

/** @param {import("../panel.js").Panel} panel */
const banner = (panel) => panel.page.locator('[data-role="storage"]');

scenario("a disk that fails is said on every page, and nothing is lost when it is back", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("boiler-1");
  await device.join();
  await device.deliver({ temperature: 20 });
  const [page, list] = [await cast.panel("/devices/boiler-1"), await cast.panel("/")];
  const value = page.component("value", { channel: "temperature" });
  await page.reads(value, /^Temperature\s+20/);
  assert.equal(await banner(page).isVisible(), false);
  const before = await value.boundingBox();

  const disk = await cast.brokenDisk();
  const seq = device.seq++;
  device.send({ seq, values: { temperature: 21 } });
  await eventually("the hub has noticed", async () => (await fetch(`${hub.ready.http}/readyz`)).status === 503);
  await Promise.all([page, list].map((each) => banner(each).waitFor({ state: "visible", timeout: TOLD_MS })));
  await page.reads(banner(page), SAID);
  assert.deepEqual(await value.boundingBox(), before, "nothing has moved");
  assert.equal(device.waiting("ack"), 0, "nothing is acked");
  assert.match(await value.innerText(), /^Temperature\s+20/, "and what is not taken over is not shown");

  const late = await cast.panel("/status");
  await late.reads(banner(late), SAID);
  const source = await (await hub.fetch("/")).text();
  assert.match(source, /The hub cannot write to its disk since/, "a page says so before any script has run");

  await disk.mend();
  assert.equal((await device.next("ack")).ack, seq);
  for (const each of [page, list, late]) await banner(each).waitFor({ state: "hidden" });
  await page.reads(value, /^Temperature\s+21/);
  await device.deliver({ temperature: 22 });
  await page.reads(value, /^Temperature\s+22/);
});

scenario("a page that comes back to a hub whose disk has failed is told, and when it is over too", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("boiler-2");
  await device.join();
  await device.deliver({ temperature: 20 });
  const page = await cast.panel("/");
  const line = await page.line();
  await page.go("/devices/boiler-2");
  const disk = await cast.brokenDisk();
  device.send({ seq: device.seq++, values: { temperature: 21 } });
  await banner(page).waitFor({ state: "visible" });
  page.expect(/WebSocket|Failed to (load|fetch)|ERR_|503/);
  line.cut();
  await page.page.locator('[data-role="connection"]:not([data-state="connected"])').waitFor({ state: "attached" });
  await disk.mend();
  await eventually("the hub is back", async () => (await fetch(`${hub.ready.http}/readyz`)).ok);
  line.mend();
  await page.connected();
  await banner(page).waitFor({ state: "hidden" });
});
