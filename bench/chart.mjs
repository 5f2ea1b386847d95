// How long a frame of a chart takes in Chromium: while values come 60 times a second, and while a hand moves and zooms it. A
// real hub, a real device, a real page. `cargo xtask bench chart [SECONDS]` builds the program and runs it. Work is processor time of the
// page's own thread: what other programs take of the machine shows in the distance of the frames alone.

import { cpus } from "node:os";
import { eventually } from "../e2e/deadline.js";
import { Device } from "../e2e/device.js";
import { Hub } from "../e2e/hub.js";
import { reachChromium } from "../e2e/chromium.js";

const SECONDS = Number(process.argv[2] ?? 10);
const POINTS = 100_000;
const CHANNELS = 10;
/** The stretch of time that has them all. */
const HOUR_MS = 3_600_000;
/** Messages of a device on their way at a time. */
const UNACKED = 60;
const MINUTES_MAX_MS = 300_000;

const names = Array.from({ length: CHANNELS }, (_, i) => `c${i}`);
const views = {
  "views/one.toml": `device = "bench-1"\n[[component]]\nkind = "chart"\nchannel = "all"\nrange = "1h"\n`,
  "views/ten.toml": `device = "bench-1"\n[[component]]\nkind = "chart"\nchannels = ${JSON.stringify(names)}\nrange = "1h"\npoints = ${POINTS / CHANNELS}\n`,
};

const hub = await new Hub({ files: views }).start();
const device = new Device(hub.ready.lines, "bench-1", hub.ready.join);
const browser = await reachChromium();
try {
  await device.join({ heartbeat: 30 });
  await fill();
  const rows = [
    ["one channel, 100,000 samples stored, drawn as pixels, live", await measure("one", live)],
    ["ten channels, 100,000 points drawn, live", await measure("ten", live)],
    ["ten channels, 100,000 points drawn, moved by hand", await measure("ten", moved)],
    ["ten channels, 100,000 points drawn, zoomed by wheel", await measure("ten", zoomed)],
  ];
  console.log(`${cpus().length} × ${cpus()[0].model}, Chromium ${browser.version()}, drawn by the processor; ${SECONDS} s each\n`);
  console.log("| | frames/s | frame p50, ms | p95, ms | work a frame, ms | of it script, ms | points |\n|---|---|---|---|---|---|---|");
  for (const [what, { rate, p50, p95, work, script, points }] of rows) {
    console.log(`| ${what} | ${rate.toFixed(0)} | ${p50.toFixed(1)} | ${p95.toFixed(1)} | ${work.toFixed(1)} | ${script.toFixed(1)} | ${points.toLocaleString("en")} |`);
  }
} finally {
  await browser.close();
  device.end();
  await hub.end();
}

/** An hour of history: 100,000 samples of one channel, and 10,000 of each of ten. */
async function fill() {
  const begin = Date.now() - HOUR_MS + 120_000;
  const step = (HOUR_MS - 180_000) / POINTS;
  let acked = 0;
  for (let i = 0; i < POINTS; i++) {
    const values = { all: wave(i, 0), ...(i % CHANNELS === 0 ? tenOf(i) : {}) };
    device.send({ seq: device.seq++, values, ts: Math.round(begin + i * step) });
    while (device.seq - 1 - acked > UNACKED) acked = (await device.next("ack")).ack;
  }
  await eventually("all acked", async () => (await device.next("ack")).ack === device.seq - 1, MINUTES_MAX_MS);
}

/** @param {number} i */
function tenOf(i) {
  return Object.fromEntries(names.map((name, channel) => [name, wave(i, channel)]));
}

/** A line with noise. @param {number} i @param {number} channel */
function wave(i, channel) {
  return Math.round(1000 * (channel * 3 + Math.sin(i / 3000 + channel) + Math.random())) / 1000;
}

/**
 * Opens a view, waits for its chart, and counts frames while something is done.
 * @param {string} view
 * @param {(page: import("playwright-core").Page) => Promise<void>} act
 */
async function measure(view, act) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, storageState: hub.login });
  const page = await context.newPage();
  if (!hub.login) {
    await page.goto(hub.ready.link);
    hub.login = await context.storageState();
  }
  await page.goto(`${hub.ready.http}/views/${view}`);
  const chart = page.locator("gl-chart");
  await eventually("its history", async () => Number(await chart.getAttribute("data-points")) > POINTS * 0.95, MINUTES_MAX_MS);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  // Warm: what is compiled once is not what a frame costs.
  await act(page);
  const before = await spent(session);
  const frames = page.evaluate((ms) => new Promise((resolve) => {
    /** @type {number[]} */
    const times = [];
    const end = performance.now() + ms;
    const count = (/** @type {number} */ now) => {
      times.push(now);
      if (now < end) requestAnimationFrame(count);
      else resolve(times);
    };
    requestAnimationFrame(count);
  }), SECONDS * 1000);
  let done = false;
  frames.finally(() => (done = true));
  while (!done) await act(page);
  /** @type {number[]} */
  const times = await frames;
  const after = await spent(session);
  const gaps = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b);
  const points = await page.evaluate(() => Number(/** @type {HTMLElement} */ (document.querySelector("gl-chart")).dataset.points));
  await context.close();
  return {
    rate: (gaps.length * 1000) / (times[times.length - 1] - times[0]),
    p50: gaps[Math.floor(gaps.length * 0.5)],
    p95: gaps[Math.floor(gaps.length * 0.95)],
    work: (after.all - before.all) / gaps.length,
    script: (after.script - before.script) / gaps.length,
    points,
  };
}

/** What the page's main thread has worked, ms. @param {import("playwright-core").CDPSession} session */
async function spent(session) {
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (/** @type {string} */ name) => (metrics.find((metric) => metric.name === name)?.value ?? 0) * 1000;
  return { all: of("TaskDuration"), script: of("ScriptDuration") };
}

/** Values of all channels, 60 times a second, for a second. */
async function live() {
  for (let i = 0; i < 60; i++) {
    device.send({ seq: device.seq++, values: { all: wave(i, 0), ...tenOf(i) } });
    await pause(1000 / 60);
  }
  while (device.waiting("ack") > 0) await device.next("ack");
}

/** A hand that moves the chart to and fro. @param {import("playwright-core").Page} page */
async function moved(page) {
  const { x, y, width } = await box(page);
  await page.keyboard.down("Shift");
  await page.mouse.move(x + width * 0.3, y);
  await page.mouse.down();
  for (let i = 0; i < 60; i++) await page.mouse.move(x + width * (0.3 + 0.2 * Math.abs(Math.sin(i / 10))), y);
  await page.mouse.up();
  await page.keyboard.up("Shift");
}

/** A wheel with Ctrl, a little in and out again. @param {import("playwright-core").Page} page */
async function zoomed(page) {
  const { x, y, width } = await box(page);
  await page.mouse.move(x + width / 2, y);
  await page.keyboard.down("Control");
  for (let i = 0; i < 60; i++) await page.mouse.wheel(0, i % 2 === 0 ? 12 : -12);
  await page.keyboard.up("Control");
}

/** @param {import("playwright-core").Page} page */
async function box(page) {
  const found = await page.locator(".u-over").boundingBox();
  if (!found) throw new Error("the chart has no drawing");
  return { x: found.x, y: found.y + found.height / 2, width: found.width };
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
