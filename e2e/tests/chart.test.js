// What people do with a chart: choose a time, pause, zoom, move, point, compare channels, take away what they see.

import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { eventually } from "../deadline.js";
import { NOON } from "../panel.js";
import { scenario } from "../scenario.js";

const MINUTE_MS = 60_000;

const VIEW = `
title = "Charts"
device = "boiler-1"

[[component]]
kind = "chart"
channels = ["temperature", "humidity"]
span = 6

[[component]]
kind = "chart"
channel = "pressure"
span = 6
`;

/**
 * A device with an hour of history, a value of each channel every ten seconds, and a page with two charts of it.
 * @param {import("../scenario.js").Cast} cast
 * @param {import("../panel.js").Look} [look]
 */
async function boiler(cast, look) {
  const hub = await cast.hub({ files: { "views/boiler.toml": VIEW } });
  const device = cast.device("boiler-1");
  await device.join();
  device.send({ describe: { temperature: { unit: "°C" }, humidity: { unit: "%" }, pressure: { unit: "hPa" } } });
  const end = Date.now();
  for (let i = 360; i > 0; i--) {
    device.send({ seq: device.seq++, values: { temperature: 20 + (i % 7), humidity: 50 - (i % 5), pressure: i === 200 ? 2000 : 1000 }, ts: end - i * 10_000 });
    if (i % 30 === 0) await acked(device);
  }
  await acked(device);
  const panel = await cast.panel("/views/boiler", { zone: NOON, ...look });
  const [both, pressure] = [panel.page.locator("gl-chart").nth(0), panel.page.locator("gl-chart").nth(1)];
  await eventually("both have their history", async () => (await points(both)) >= 170 && (await points(pressure)) >= 85);
  return { hub, device, panel, both, pressure, end };
}

/** @param {import("../device.js").Device} device */
async function acked(device) {
  await eventually("all acked", async () => (await device.next("ack")).ack === device.seq - 1);
}

/** @param {import("playwright-core").Locator} chart */
async function points(chart) {
  return Number(await chart.getAttribute("data-points"));
}

/** @param {import("playwright-core").Locator} chart */
async function drawing(chart) {
  const box = await chart.locator(".u-over").boundingBox();
  assert.ok(box);
  return box;
}

/** Pressing, moving and letting go, as shares of the drawing. @param {import("../panel.js").Panel} panel @param {import("playwright-core").Locator} chart @param {number} from @param {number} to */
async function drag(panel, chart, from, to) {
  const box = await drawing(chart);
  const { mouse } = panel.page;
  await mouse.move(box.x + box.width * from, box.y + 80);
  await mouse.down();
  await mouse.move(box.x + box.width * ((from + to) / 2), box.y + 80);
  await mouse.move(box.x + box.width * to, box.y + 80);
  await mouse.up();
  await mouse.move(0, 0);
}

/** The stretch that a held chart says it shows, ms. @param {import("playwright-core").Locator} chart @returns {Promise<[number, number]>} */
async function stretch(chart) {
  const said = await eventually("what it shows", async () => (await readout(chart)).match(/^(\d\d:\d\d:\d\d)\s?–\s?(\d\d:\d\d:\d\d)$/));
  const [from, to] = said.slice(1).map((time) => time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) * 1000);
  return [from, to];
}

/** @param {import("playwright-core").Locator} chart */
function readout(chart) {
  return chart.locator('[data-part="readout"]').innerText();
}

/** @param {import("playwright-core").Download} file */
async function contents(file) {
  return buffer(await file.createReadStream());
}

/** @param {import("playwright-core").Locator} chart @param {string} name */
async function choose(chart, name) {
  await chart.locator('[data-part="menu"] > summary').click();
  await chart.getByRole("button", { name }).click();
}

scenario("two channels of different units have an axis each, and a legend with what they are now", async (cast) => {
  const { device, panel, both, pressure } = await boiler(cast);
  assert.equal(await both.locator('[data-part="unit-left"]').innerText(), "°C");
  assert.equal(await both.locator('[data-part="unit-right"]').innerText(), "%");
  assert.equal(await pressure.locator('[data-part="unit-left"]').innerText(), "hPa");
  assert.equal(await both.locator(".u-axis").count(), 3, "time, left and right");
  await device.deliver({ temperature: 99.5, humidity: 12 });
  const legend = both.getByRole("list", { name: "Channels" });
  await panel.reads(legend, /Temperature\s+99.5 °C\s+Humidity\s+12 %/);
  await legend.getByRole("button", { name: "Humidity" }).click();
  assert.equal(await legend.getByRole("button", { name: "Humidity" }).getAttribute("aria-pressed"), "false");
});

scenario("the values of several channels are there without a script", async (cast) => {
  const { hub } = await boiler(cast);
  const source = (await (await hub.fetch("/views/boiler")).text()).replace(/\s+/g, " ");
  assert.match(source, /Temperature<\/button> <span class="figure">21 °C/);
  assert.match(source, /Humidity<\/button> <span class="figure">49 %/);
});

scenario("dragging over a stretch zooms into it, and the button goes back to live", async (cast) => {
  const { panel, both } = await boiler(cast);
  await both.getByRole("button", { name: "1 h", exact: true }).click();
  await eventually("the hour is there", async () => (await points(both)) > 600);
  await drag(panel, both, 0.25, 0.5);
  const [from, to] = await stretch(both);
  assert.ok(Math.abs(to - from - 15 * MINUTE_MS) < MINUTE_MS, `a quarter of an hour, not ${(to - from) / MINUTE_MS} min`);
  assert.equal(await both.getAttribute("data-live"), "false");
  assert.equal(await both.locator('.ranges [aria-pressed="true"]').count(), 0, "it is none of the ranges");
  await both.getByRole("button", { name: "Live" }).click();
  assert.equal(await both.getAttribute("data-live"), "true");
  assert.equal(await both.getByRole("button", { name: "1 h", exact: true }).getAttribute("aria-pressed"), "true");
});

scenario("the stretch that is gone to is said before it is drawn", async (cast) => {
  const { both } = await boiler(cast);
  await both.getByRole("button", { name: "1 h", exact: true }).click();
  // Within one task: no frame comes in between.
  const atOnce = await both.evaluate((element) => {
    const pointer = element.querySelector('[data-part="pointer"]');
    pointer?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", shiftKey: true }));
    pointer?.dispatchEvent(new FocusEvent("blur"));
    return element.querySelector('[data-part="readout"]')?.textContent;
  });
  assert.match(String(atOnce), /\d\d:\d\d:\d\d/);
  await both.locator('[data-part="pointer"]').focus();
  await both.locator('[data-part="pointer"]').blur();
  assert.equal(await readout(both), atOnce);
});

scenario("zooming in fetches the resolution that it needs", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("fast-1");
  await device.join();
  const end = Date.now();
  for (let i = 0; i < 3600; i += 20) {
    for (let j = 0; j < 20; j++) device.send({ seq: device.seq++, values: { level: i + j }, ts: end - (3600 - i - j) * 1000 });
    await acked(device);
  }
  const panel = await cast.panel("/devices/fast-1");
  const chart = panel.component("chart", { channel: "level" });
  /** @type {URLSearchParams[]} */
  const asked = [];
  panel.page.on("request", (request) => request.url().includes("/history") && asked.push(new URL(request.url()).searchParams));
  await chart.getByRole("button", { name: "24 h" }).click();
  const length = (/** @type {URLSearchParams | undefined} */ query) => Number(query?.get("to")) - Number(query?.get("from"));
  // What the page began with may still be asked for after it is connected.
  const day = await eventually("a day is fetched", () => asked.find((query) => length(query) >= 24 * 60 * MINUTE_MS));
  await chart.locator('[data-part="pointer"]').focus();
  const box = await drawing(chart);
  await panel.page.mouse.move(box.x + box.width * 0.98, box.y + 80);
  await panel.page.keyboard.down("Control");
  for (let i = 0; i < 6; i++) await panel.page.mouse.wheel(0, -300);
  await panel.page.keyboard.up("Control");
  await eventually("a small part of it is fetched", () => length(asked.at(-1)) < length(day) / 20);
  await eventually("single samples are there", async () => {
    const answer = await hub.json(`/api/devices/fast-1/channels/level/history?${asked.at(-1)}`);
    return (answer.points?.length ?? 0) > 100;
  });
  await eventually("and drawn", async () => (await points(chart)) > 100 && (await points(chart)) < 3600);
});

scenario("a paused chart stands still while values come, and has them all when it is live again", async (cast) => {
  const { device, panel, pressure } = await boiler(cast);
  await pressure.getByRole("button", { name: "Pause" }).click();
  const before = await stretch(pressure);
  const held = await points(pressure);
  await device.deliver({ pressure: 777 });
  await panel.reads(pressure.locator('[data-part="age"]'), /now|s ago/);
  assert.deepEqual(await stretch(pressure), before);
  assert.equal(await points(pressure), held);
  await pressure.getByRole("button", { name: "Live" }).click();
  await panel.reads(pressure.locator('[data-part="readout"]'), "777");
  // How many points there are tells nothing: meanwhile others have left the stretch.
  await pressure.locator('[data-part="pointer"]').press("ArrowLeft");
  await panel.reads(pressure.locator('[data-part="readout"]'), /^777 hPa · /);
});

scenario("dragging with Shift moves to what was before, and forward to now is live again", async (cast) => {
  const { panel, pressure } = await boiler(cast);
  await panel.page.keyboard.down("Shift");
  await drag(panel, pressure, 0.2, 0.7);
  const [from, to] = await stretch(pressure);
  assert.ok(Math.abs(to - from - 15 * MINUTE_MS) <= 1000, "it is as long as before");
  await drag(panel, pressure, 0.9, 0.1);
  await panel.page.keyboard.up("Shift");
  await eventually("it is live", async () => (await pressure.getAttribute("data-live")) === "true");
});

scenario("pointing at a time in one chart shows it in the others too", async (cast) => {
  const { panel, both, pressure } = await boiler(cast);
  const box = await drawing(pressure);
  await panel.page.mouse.move(box.x + box.width / 2, box.y + 80);
  await panel.reads(pressure.locator('[data-part="readout"]'), /^1000 hPa · .*\d\d:\d\d:\d\d/);
  await panel.reads(both.locator('[data-part="readout"]'), /\d\d:\d\d:\d\d/);
  await panel.reads(both.locator('[data-part="legend"]'), /Temperature\s+2\d °C\s+Humidity\s+\d+ %/);
  const [here, there] = [await pressure.locator(".cross").boundingBox(), await both.locator(".cross").boundingBox()];
  const [plot, other] = [await drawing(pressure), await drawing(both)];
  assert.ok(here && there);
  assert.ok(Math.abs((here.x - plot.x) / plot.width - (there.x - other.x) / other.width) < 0.02, "at the same time");
  await panel.page.mouse.move(0, 0);
  await eventually("nobody points any more", async () => (await both.locator(".cross").isHidden()) && (await pressure.locator(".cross").isHidden()));
});

scenario("with the keyboard alone one reads values, zooms, moves and comes back", async (cast) => {
  const { panel, pressure } = await boiler(cast);
  const pointer = pressure.getByRole("slider", { name: "Pressure at a time" });
  await pointer.focus();
  const { keyboard } = panel.page;
  await keyboard.press("ArrowLeft");
  await eventually("a value is said", async () => /^1000 hPa · .*\d\d:\d\d:\d\d/.test((await pointer.getAttribute("aria-valuetext")) ?? ""));
  const first = await pointer.getAttribute("aria-valuetext");
  await keyboard.press("ArrowLeft");
  assert.notEqual(await pointer.getAttribute("aria-valuetext"), first);
  await keyboard.press("Shift+ArrowLeft");
  assert.equal(await pressure.getAttribute("data-live"), "false");
  await keyboard.press("+");
  await panel.page.evaluate(() => (/** @type {HTMLElement} */ (document.activeElement)).blur());
  const [from, to] = await stretch(pressure);
  assert.ok(Math.abs(to - from - 7.5 * MINUTE_MS) <= 2000, `${(to - from) / MINUTE_MS} min`);
  await pointer.focus();
  await keyboard.press("Escape");
  assert.equal(await pressure.getAttribute("data-live"), "true");
});

scenario("two fingers zoom, one finger moves", async (cast) => {
  const { panel, pressure } = await boiler(cast, { window: { width: 390, height: 800 } });
  await pressure.scrollIntoViewIfNeeded();
  const box = await drawing(pressure);
  const touch = await panel.page.context().newCDPSession(panel.page);
  const at = (/** @type {number[]} */ ...shares) => shares.map((share, id) => ({ x: box.x + box.width * share, y: box.y + 80, id }));
  const move = (/** @type {string} */ type, /** @type {{x: number, y: number, id: number}[]} */ touchPoints) => touch.send("Input.dispatchTouchEvent", { type: /** @type {any} */ (type), touchPoints });
  await move("touchStart", at(0.4));
  await move("touchStart", at(0.4, 0.6));
  await move("touchMove", at(0.3, 0.7));
  await move("touchMove", at(0.2, 0.8));
  await move("touchEnd", []);
  let from = 0;
  await eventually("a third of it", async () => {
    const [begin, end] = await stretch(pressure);
    from = begin;
    return Math.abs(end - begin - 5 * MINUTE_MS) < MINUTE_MS;
  });
  await move("touchStart", at(0.3));
  await move("touchMove", at(0.5));
  await move("touchMove", at(0.7));
  await move("touchEnd", []);
  await eventually("what was before", async () => (await stretch(pressure))[0] < from - MINUTE_MS);
});

scenario("what one sees can be taken away as values and as a picture", async (cast) => {
  const { panel, both } = await boiler(cast);
  await both.getByRole("button", { name: "Pause" }).click();
  const values = panel.page.waitForEvent("download");
  await choose(both, "Save values (CSV)");
  const file = await values;
  assert.match(file.suggestedFilename(), /^boiler-1-temperature-humidity-.*\.csv$/);
  const lines = (await contents(file)).toString().trim().split("\r\n");
  assert.equal(lines[0], "time,temperature [°C],humidity [%]");
  assert.ok(lines.length > 80 && lines.length < 100, `${lines.length} lines`);
  assert.match(lines[1], /^\d{4}-\d\d-\d\dT[\d:.]+Z,2\d,(4\d|50)$/);

  const picture = panel.page.waitForEvent("download");
  await both.getByRole("button", { name: "Save picture (PNG)" }).click();
  const bytes = await contents(await picture);
  assert.equal(bytes.subarray(1, 4).toString(), "PNG");
  assert.ok(bytes.readUInt32BE(16) > 300 && bytes.length > 5000, `${bytes.readUInt32BE(16)} px, ${bytes.length} bytes`);
});

scenario("a chart reads well to those who do not see it", async (cast) => {
  const { device, both } = await boiler(cast);
  await device.deliver({ temperature: 21, humidity: 50 });
  await both.getByRole("button", { name: "Pause" }).click();
  const wanted = `
- heading "Temperature, Humidity" [level=2]
- group "Time range":
  - button "1 min"
  - button "15 min"
  - button "1 h"
  - button "24 h"
  - button "7 d"
- button "Live"
- group: Zoom, move, save
- list "Channels":
  - listitem:
    - button "Temperature" [pressed]
  - listitem:
    - button "Humidity" [pressed]
- paragraph: TIME – TIME
- paragraph: °C
- paragraph: "%"
- status
- slider "Temperature, Humidity at a time"
- text: Fresh
- time: now
`;
  let seen = "";
  await eventually("exactly this and nothing else", async () => {
    seen = (await both.ariaSnapshot()).replace(/\d\d:\d\d:\d\d/g, "TIME").replace(/\d+ s ago/, "now").replace(/\s–\s|–/, " – ");
    return seen.trim() === wanted.trim();
  }).catch(() => assert.equal(seen.trim(), wanted.trim()));
});
