// How smooth a chart of 100,000 points is: the time between two frames while it moves, as a browser without a graphics card draws it.
// Usage: node bench/chart.js (after `npm ci` in e2e/); `cargo xtask bench chart` builds the program and runs it.

import { reachChromium } from "../e2e/chromium.js";
import { eventually } from "../e2e/deadline.js";
import { Device } from "../e2e/device.js";
import { Hub } from "../e2e/hub.js";
import { Panel } from "../e2e/panel.js";

/** Channels of the chart, and points that each is drawn with: 100,000 in all. */
const CHANNELS = 10;
const POINTS = 10_000;
/** How long each way of moving is measured, ms. */
const MEASURE_MS = 5_000;
const HISTORY_MS = 60_000;

const names = Array.from({ length: CHANNELS }, (_, n) => `c${n}`);
const view = `title = "Many"\ndevice = "meter-1"\n\n[[component]]\nkind = "chart"\nchannels = ${JSON.stringify(names)}\nrange = "15m"\npoints = ${POINTS}\n`;

const hub = await new Hub({ files: { "views/many.toml": view } }).start();
const browser = await reachChromium();
const device = new Device(hub.ready.lines, "meter-1", hub.ready.join);
const panel = await Panel.blank(browser, hub, { window: { width: 1280, height: 900 } });
const cdp = await panel.page.context().newCDPSession(panel.page);
await cdp.send("Performance.enable");
try {
  await device.join();
  await fill();
  await panel.open("/views/many");
  const chart = panel.component("chart");
  await eventually("all points", async () => Number(await chart.getAttribute("data-points")) >= CHANNELS * POINTS * 0.99, HISTORY_MS);
  const live = setInterval(() => device.send(JSON.stringify(Object.fromEntries(names.map((name) => [name, wave(Date.now(), name)])))), 16);
  await measure("live, 60 samples a second of each channel");
  clearInterval(live);
  const box = await chart.locator(".u-over").boundingBox();
  if (!box) throw new Error("the chart is not drawn");
  await measure("the cross-hair moves", async () => {
    const until = Date.now() + MEASURE_MS;
    for (let step = 0; Date.now() < until; step++) {
      await panel.page.mouse.move(box.x + box.width * (0.5 + 0.45 * Math.sin(step / 20)), box.y + box.height / 2);
    }
  });
  await chart.getByRole("slider").focus();
  await measure("zooming in and out", async () => {
    const until = Date.now() + MEASURE_MS;
    for (let step = 0; Date.now() < until; step++) await panel.page.keyboard.press(step % 20 < 10 ? "+" : "-");
  });
} finally {
  device.end();
  await browser.close();
  await hub.end();
}

/** @param {number} at ms @param {string} name */
function wave(at, name) {
  return Number((50 + 20 * Math.sin(at / 30_000 + Number(name.slice(1))) + 5 * Math.sin(at / 1_300)).toFixed(2));
}

/** A quarter of an hour of history, as dense as the chart draws it. */
async function fill() {
  const now = Date.now();
  const step = (15 * 60_000) / POINTS;
  let sent = 0;
  for (let n = POINTS; n > 0; n--) {
    const ts = Math.round(now - n * step);
    const values = Object.fromEntries(names.map((name) => [name, wave(ts, name)]));
    const message = device.deliver(values, { ts });
    // As many under way as its window lets it have.
    if (++sent % 32 === 0) await message;
    else message.catch(() => {});
  }
}

/** What the page's scripts have taken so far, ms. */
async function scripts() {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return (metrics.find(({ name }) => name === "ScriptDuration")?.value ?? NaN) * 1000;
}

/** The times between frames while something is done, ms, and what scripts take of each. @param {string} what @param {() => Promise<unknown>} [act] */
async function measure(what, act = () => Promise.resolve()) {
  const before = await scripts();
  const measured = panel.page.evaluate((span) => new Promise((resolve) => {
    /** @type {number[]} */
    const found = [];
    const begin = performance.now();
    let last = begin;
    const next = (/** @type {number} */ now) => {
      found.push(now - last);
      last = now;
      if (now - begin < span) requestAnimationFrame(next);
      else resolve(found.slice(1));
    };
    requestAnimationFrame(next);
  }), MEASURE_MS);
  await act();
  const sorted = /** @type {number[]} */ (await measured).toSorted((a, b) => a - b);
  const script = ((await scripts()) - before) / sorted.length;
  const at = (/** @type {number} */ share) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(1);
  console.log(`${what}: scripts take ${script.toFixed(1)} ms of a frame; ${sorted.length} frames, median ${at(0.5)} ms, p95 ${at(0.95)} ms`);
}
