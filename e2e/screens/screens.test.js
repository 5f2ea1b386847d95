// How every built-in component and the pages of the hub look, beside how they looked: pictures in both themes and at phone width, with a
// font of our own. In another Chromium than that of the pictures, the places of what is on them are compared instead.
// GLASSLINE_BLESS=1 keeps what there is now.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { reachChromium } from "../chromium.js";
import { Hub } from "../hub.js";
import { NOON, Panel } from "../panel.js";

const KEPT = import.meta.dirname;
const OUT = join(KEPT, "../out/screens");
const FONTS = { sans: "DejaVuSans", bold: "DejaVuSans-Bold", mono: "DejaVuSansMono" };
const BLESS = process.env.GLASSLINE_BLESS === "1";

/** The share of pixels that may differ, and by how much one must to count, of 255. */
const PIXELS_MAX = 0.002;
const DIFFERS_FROM = 32;
/** How far a box may be from where it was, px. */
const BOX_MAX = 2;

/** Around midnight an axis has dates on it too, which are wider. */
const zone = NOON;

const LOOKS = /** @type {const} */ ([
  ["light", { window: { width: 1280, height: 800 }, theme: "light", zone }],
  ["dark", { window: { width: 1280, height: 800 }, theme: "dark", zone }],
  ["phone", { window: { width: 390, height: 844 }, theme: "light", zone }],
]);
/** What shows the time of day, or where one is: of these the places alone are compared. */
const MOVING = new Set(["chart", "command-table", "gateway-list", "log", "page-gateways", "page-status", "panel-list", "sparkline", "state-timeline", "value"]);
const PAGES = { account: "/account", audit: "/audit", gateways: "/gateways", login: "/login", people: "/people", status: "/status" };

/** @typedef {[string, number, number, number, number]} Box  what it is, and where */
/** @type {{chromium: string, boxes: Record<string, Box[]>}} */
const kept = existsSync(join(KEPT, "boxes.json")) ? JSON.parse(readFileSync(join(KEPT, "boxes.json"), "utf8")) : { chromium: "", boxes: {} };
/** @type {typeof kept} */
const now = { chromium: "", boxes: {} };

const hub = new Hub();
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Map<string, Panel>} */
const panels = new Map();

before(async () => {
  mkdirSync(OUT, { recursive: true });
  [browser] = await Promise.all([reachChromium(), hub.start()]);
  now.chromium = browser.version();
  for (const [name, look] of LOOKS) {
    const panel = await Panel.blank(browser, hub, look);
    await panel.page.addInitScript(wear, Object.fromEntries(Object.entries(FONTS).map(([role, file]) => [role, readFileSync(join(KEPT, `../fonts/${file}.woff2`)).toString("base64")])));
    await panel.open("/status");
    panels.set(name, panel);
  }
});

after(async () => {
  for (const panel of panels.values()) await panel.end();
  await browser?.close();
  await hub.end();
  if (BLESS) writeFileSync(join(KEPT, "boxes.json"), `{"chromium":${JSON.stringify(now.chromium)},"boxes":{\n${Object.entries(now.boxes).map(([name, boxes]) => `${JSON.stringify(name)}:${JSON.stringify(boxes)}`).join(",\n")}\n}}\n`);
});

/** Runs in the page: everything is set in the fonts of the tests. @param {Record<string, string>} fonts in base64 */
function wear(fonts) {
  const bytes = (/** @type {string} */ text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const add = (/** @type {string} */ family, /** @type {string} */ font, /** @type {string} */ weight) => {
    document.fonts.add(new FontFace(family, bytes(font), { weight }));
  };
  add("Glassline Test", fonts.sans, "100 500");
  add("Glassline Test", fonts.bold, "501 900");
  add("Glassline Test Mono", fonts.mono, "100 900");
  const set = () => {
    document.documentElement?.style.setProperty("--sans", '"Glassline Test"');
    document.documentElement?.style.setProperty("--mono", '"Glassline Test Mono"');
  };
  document.addEventListener("DOMContentLoaded", set);
}

/** Where everything is that has text or takes a click. @param {Panel} panel @returns {Promise<Box[]>} */
function boxesOf(panel) {
  return panel.page.evaluate(() => {
    const seen = [...document.querySelectorAll("main *")].filter((each) => each instanceof HTMLElement && (each.childElementCount === 0 || each.matches("button, a, input, select, .component")));
    // A time, the newest value of a line, and what shares a column with how long a gateway has been there, are as wide as they are at the moment.
    return seen.filter((each) => each.getClientRects().length > 0 && !each.closest("time, .figure, .readout, gl-gateway-list .who")).map((each) => {
      const { x, y, width, height } = each.getBoundingClientRect();
      const box = /** @type {number[]} */ ([x + scrollX, y + scrollY, width, height]).map(Math.round);
      return /** @type {any} */ ([`${each.localName}.${[...each.classList].join(".")}`, ...box]);
    });
  });
}

/** The share of pixels that differ; 1 where the sizes do. @param {Buffer} one @param {Buffer} other */
async function difference(one, other) {
  const page = await browser.newPage();
  const share = await page.evaluate(async ({ pictures, from }) => {
    const [a, b] = await Promise.all(pictures.map(async (picture) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      context?.drawImage(bitmap, 0, 0);
      return context?.getImageData(0, 0, bitmap.width, bitmap.height);
    }));
    if (!a || !b || a.width !== b.width || a.height !== b.height) return 1;
    let differ = 0;
    for (let i = 0; i < a.data.length; i += 4) {
      const most = Math.max(...[0, 1, 2].map((channel) => Math.abs(a.data[i + channel] - b.data[i + channel])));
      if (most >= from) differ += 1;
    }
    return differ / (a.width * a.height);
  }, { pictures: [one.toString("base64"), other.toString("base64")], from: DIFFERS_FROM });
  await page.close();
  return share;
}

/** @param {string} name @param {string} look @param {string} path @param {boolean} isStill */
async function compare(name, look, path, isStill) {
  const panel = /** @type {Panel} */ (panels.get(look));
  const file = `${name}-${look}.png`;
  await panel.page.goto(hub.ready.http + path);
  await panel.page.evaluate(() => document.fonts.ready);
  await panel.page.waitForFunction(() => !document.querySelector("main [data-component]:not(:defined)"));
  await panel.page.waitForFunction(() => !document.querySelector('[data-role="connection"]:not([data-state="connected"])'));
  // Two frames in which nothing moves any more.
  await panel.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const boxes = await boxesOf(panel);
  now.boxes[`${name}-${look}`] = boxes;
  const picture = await panel.page.screenshot({ fullPage: true, animations: "disabled", mask: [panel.page.locator("time"), panel.page.locator("canvas")] });
  if (BLESS) return void (isStill && writeFileSync(join(KEPT, file), picture));
  writeFileSync(join(OUT, file), picture);
  if (isStill && kept.chromium === now.chromium) {
    assert.ok(existsSync(join(KEPT, file)), `there is no picture ${file} to compare with; look at e2e/out/screens/${file} and keep it with GLASSLINE_BLESS=1`);
    const share = await difference(readFileSync(join(KEPT, file)), picture);
    assert.ok(share <= PIXELS_MAX, `${(share * 100).toFixed(2)} % of e2e/out/screens/${file} differ from e2e/screens/${file}`);
    return;
  }
  const before = kept.boxes[`${name}-${look}`] ?? [];
  assert.equal(boxes.length, before.length, `${name}-${look} has other parts than it had`);
  const moved = boxes.filter((box, i) => box[0] !== before[i][0] || box.slice(1).some((at, k) => Math.abs(Number(at) - Number(before[i][k + 1])) > BOX_MAX));
  assert.deepEqual(moved, [], `${name}-${look}: these stand elsewhere than they stood`);
}

const components = ["button", "chart", "command-table", "compass", "device-header", "durability", "gauge", "image", "json", "lamp", "ledger", "level", "log", "number-field", "select", "slider", "sparkline", "state-timeline", "switch", "table", "text", "text-field", "value"];
for (const [look] of LOOKS) {
  for (const kind of components) {
    test(`${kind} looks as it did, ${look}`, () => compare(kind, look, `/components/${kind}?bare&play=fresh`, !MOVING.has(kind)));
  }
  for (const [name, path] of Object.entries(PAGES)) {
    test(`the page ${path} looks as it did, ${look}`, () => compare(`page-${name}`, look, path, !MOVING.has(`page-${name}`)));
  }
}
