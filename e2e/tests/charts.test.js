// Charts people look at: chosen ranges, zoom and pan with the right resolution, several channels, one cross-hair, and what one takes away.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const MINUTE_MS = 60_000;

const FILES = {
  "views/charts.toml": `
title = "Charts"
device = "meter-1"

[[component]]
kind = "chart"
channels = ["power", "flow"]
range = "1h"

[[component]]
kind = "chart"
channel = "power"
range = "1h"
unit = "kW"
`,
};

/** A meter with an hour of history, one sample of each channel every ten seconds. @param {import("../scenario.js").Cast} cast */
async function metered(cast) {
  const hub = await cast.hub({ files: FILES });
  const device = cast.device("meter-1");
  await device.join();
  device.send({ describe: { power: { unit: "kW" }, flow: { unit: "l/s" } } });
  const now = Date.now();
  for (let n = 360; n >= 0; n--) await device.deliver({ power: 100 + n, flow: 5 }, { ts: now - n * 10_000 });
  const panel = await cast.panel("/views/charts", { window: { width: 1280, height: 1400 } });
  const both = panel.component("chart").first();
  const one = panel.component("chart", { channel: "power" }).last();
  await eventually("both to have their history", async () => Number(await one.getAttribute("data-points")) >= 360 && Number(await both.getAttribute("data-points")) >= 720);
  return { hub, device, panel, both, one };
}

/** What a browser took away. @param {import("playwright-core").Download} download */
async function taken(download) {
  const folder = mkdtempSync(join(tmpdir(), "glassline-taken-"));
  const file = join(folder, "taken");
  await download.saveAs(file);
  const bytes = readFileSync(file);
  rmSync(folder, { recursive: true });
  return bytes;
}

/** What a chart of one channel says above its drawing. @param {import("playwright-core").Locator} chart */
const readout = (chart) => chart.locator('[data-part="readout"]');

scenario("two channels have a legend, an axis each with its unit, and one cross-hair with the chart below", async (cast) => {
  const { panel, both, one } = await metered(cast);
  await panel.reads(both, /kW[^]*l\/s/);
  await panel.reads(both.getByRole("list"), /Power[^]*100 kW[^]*Flow[^]*5 l\/s/);
  const box = await one.locator(".u-over").boundingBox();
  assert.ok(box);
  await panel.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await panel.reads(readout(one), /2[78]\d kW · /);
  // The other chart reads the same moment.
  await panel.reads(both.getByRole("list"), /Power[^]*2[78]\d kW/);
  await both.getByRole("button", { name: "Flow" }).click();
  await panel.page.mouse.move(0, 0);
});

scenario("a reader zooms and moves by hand and by keyboard, gets the finer values, and goes back to live", async (cast) => {
  const { hub, device, panel, one } = await metered(cast);
  const box = await one.locator(".u-over").boundingBox();
  assert.ok(box);
  const asked = /** @type {string[]} */ ([]);
  panel.page.on("request", (request) => request.url().includes("/history") && asked.push(request.url()));
  await panel.page.mouse.move(box.x + box.width * 0.4, box.y + 40);
  await panel.page.mouse.down();
  await panel.page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 5 });
  await panel.page.mouse.up();
  await eventually("it to be held", async () => (await one.getAttribute("data-live")) === "false");
  await eventually("the stretch to be fetched", async () => asked.length > 0);
  const { searchParams } = new URL(asked.at(-1) ?? "");
  const span = Number(searchParams.get("to")) - Number(searchParams.get("from"));
  assert.ok(span < 40 * MINUTE_MS, `${span / MINUTE_MS} minutes are fetched for twelve`);
  assert.ok(hub);

  // Live samples do not move what one looks at.
  const before = await readout(one).innerText();
  await device.deliver({ power: 999 });
  const pointer = one.getByRole("slider");
  await pointer.focus();
  await panel.page.keyboard.press("ArrowLeft");
  await panel.reads(readout(one), /kW · /);
  assert.doesNotMatch(await readout(one).innerText(), /999/);
  assert.doesNotMatch(before, /999/);
  await one.locator('[data-part="live"]').click();
  await eventually("it to be live", async () => (await one.getAttribute("data-live")) === "true");
  await panel.page.keyboard.press("Escape");
  await panel.page.mouse.move(0, 0);
  await panel.reads(readout(one), "999");
});

scenario("a reader chooses a range, and pauses", async (cast) => {
  const { device, panel, one } = await metered(cast);
  await one.getByRole("button", { name: "15 min" }).click();
  await eventually("fifteen minutes", async () => Number(await one.getAttribute("data-points")) < 120);
  await one.locator('[data-part="live"]').click();
  await eventually("it to be held", async () => (await one.getAttribute("data-live")) === "false");
  const held = await one.getAttribute("data-points");
  await device.deliver({ power: 5 });
  await panel.reads(panel.component("chart").first().getByRole("list"), "5 kW");
  assert.equal(await one.getAttribute("data-points"), held);
});

scenario("what is seen is taken away as a table and as a picture", async (cast) => {
  const { panel, both } = await metered(cast);
  const menu = both.locator('[data-part="menu"] summary');
  await menu.click();
  const [table] = await Promise.all([panel.page.waitForEvent("download"), both.locator('[data-does="csv"]').click()]);
  assert.match(table.suggestedFilename(), /meter-1.*\.csv$/);
  const lines = (await taken(table)).toString().trim().split(/\r?\n/);
  assert.match(lines[0], /power.*kW.*flow.*l\/s/);
  assert.ok(lines.length > 300, `${lines.length} lines`);
  if (!(await both.locator('[data-does="png"]').isVisible())) await menu.click();
  const [picture] = await Promise.all([panel.page.waitForEvent("download"), both.locator('[data-does="png"]').click()]);
  assert.match(picture.suggestedFilename(), /\.png$/);
  const bytes = await taken(picture);
  assert.equal(bytes.subarray(1, 4).toString(), "PNG");
  assert.ok(bytes.length > 5_000, `${bytes.length} bytes`);
});
