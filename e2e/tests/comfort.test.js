// Read with comfort by everybody, over any line: weight, access, language, kiosk and paper.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

/** Bytes over the wire before the first live value, with heads, and requests until then. */
const BYTES_MAX = 60 * 1024;
const REQUESTS_MAX = 12;

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = ["/", "/devices/weather-1", "/views/weather", "/views/weather-html", "/status", "/components", "/components/gauge", "/components/select", "/login"];

/** What a first view over a slow line may have: no chart, and the kinds that most views have. */
const VIEW = `
title = "Boiler"
device = "boiler-7"

[[component]]
kind = "device-header"

[[component]]
kind = "gauge"
channel = "temperature"

[[component]]
kind = "value"
channel = "pressure"
sparkline = true

[[component]]
kind = "switch"
channel = "pump"

[[component]]
kind = "button"
channel = "reset"
`;

/** A boiler and its view. @param {import("../scenario.js").Cast} cast */
async function boiler(cast) {
  await cast.hub({ files: { "views/boiler.toml": VIEW } });
  const device = cast.device("boiler-7");
  await device.join();
  device.send({ describe: { temperature: { unit: "°C", min: 0, max: 120 }, pump: { input: "switch" }, reset: { input: "button" } } });
  await device.deliver({ temperature: 61.5, pressure: 1234.5, pump: false });
  return device;
}

scenario("a first view costs little until its first live value, and nothing comes from elsewhere", async (cast) => {
  const device = await boiler(cast);
  const panel = await cast.panel("/status");
  const { page } = panel;
  const browser = await page.context().newCDPSession(page);
  await browser.send("Network.enable");
  await browser.send("Network.clearBrowserCache");
  let [bytes, requests, isOver] = [0, 0, false];
  /** @type {string[]} */
  const urls = [];
  browser.on("Network.requestWillBeSent", ({ request }) => {
    if (isOver || request.url.startsWith("data:")) return;
    requests += 1;
    urls.push(request.url);
  });
  // What another element of the page has brought already costs nothing.
  browser.on("Network.requestServedFromCache", () => void (requests -= isOver ? 0 : 1));
  browser.on("Network.webSocketCreated", ({ url }) => {
    requests += 1;
    urls.push(url);
  });
  browser.on("Network.loadingFinished", ({ encodedDataLength }) => void (bytes += isOver ? 0 : encodedDataLength));
  browser.on("Network.webSocketFrameReceived", ({ response }) => void (bytes += isOver ? 0 : response.payloadData.length));
  await panel.go("/views/boiler");
  await device.deliver({ temperature: 62.5 });
  await panel.reads(panel.component("gauge"), "62.5");
  isOver = true;
  const { host } = new URL(cast.hubs[0].ready.http);
  assert.deepEqual(urls.filter((url) => new URL(url).host !== host), []);
  assert.ok(requests <= REQUESTS_MAX, `${requests} requests:\n${urls.join("\n")}`);
  assert.ok(bytes <= BYTES_MAX, `${bytes} bytes:\n${urls.join("\n")}`);
});

scenario("the first paint has the values, also where no script runs", async (cast) => {
  await boiler(cast);
  const first = await cast.panel("/");
  const panel = await cast.stranger({ script: false });
  await panel.page.context().addCookies(await first.page.context().cookies());
  await panel.page.goto(`${cast.hubs[0].ready.http}/views/boiler`);
  await panel.reads(panel.component("gauge"), /61\.5[^]*°C/);
  await panel.reads(panel.component("value"), "1234.5");
  await panel.reads(panel.component("switch"), "Off");
});

scenario("numbers are written as the reader writes them, from the first paint on", async (cast) => {
  await boiler(cast);
  const panel = await cast.panel("/views/boiler", { locale: "de-DE" });
  await panel.reads(panel.component("gauge"), "61,5");
  await panel.reads(panel.component("value"), "1234,5");
  const { ready } = cast.hubs[0];
  const html = await (await cast.hubs[0].fetch(`${"/views/boiler"}`, { headers: { "accept-language": "de" } })).text();
  assert.match(html, /61,5/, `the hub at ${ready.http} writes it so already`);
});

for (const theme of /** @type {const} */ (["light", "dark"])) {
  scenario(`no page has what WCAG 2.2 AA forbids, in ${theme}`, async (cast) => {
    await cast.hub({ command: "demo" });
    const panel = await cast.panel("/", { theme });
    for (const path of PAGES) {
      if (path === "/login") await panel.page.goto(cast.hubs[0].ready.http + path);
      else await panel.go(path);
      await panel.page.evaluate(AXE);
      const found = await panel.page.evaluate(async () => {
        const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
        const { violations } = await /** @type {any} */ (window).axe.run(document, { runOnly: tags });
        return violations.map((/** @type {any} */ each) => `${each.id}: ${each.nodes.slice(0, 3).map((/** @type {any} */ node) => node.html.slice(0, 160)).join(" | ")}`);
      });
      assert.deepEqual(found, [], path);
    }
  });
}

scenario("a kiosk shows the view and nothing else, and goes on living", async (cast) => {
  const device = await boiler(cast);
  const panel = await cast.panel("/");
  await panel.page.goto(`${cast.hubs[0].ready.http}/views/boiler?kiosk`);
  await panel.reads(panel.component("gauge"), "61.5");
  assert.equal(await panel.page.getByRole("navigation").isVisible(), false);
  await device.deliver({ temperature: 70 });
  await panel.reads(panel.component("gauge"), "70");
});

scenario("on paper there are the values and no controls of the page", async (cast) => {
  await boiler(cast);
  const panel = await cast.panel("/views/boiler");
  await panel.page.emulateMedia({ media: "print" });
  assert.equal(await panel.page.getByRole("navigation").isVisible(), false);
  await panel.reads(panel.component("gauge"), "61.5");
  const brightness = await panel.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.match(brightness, /rgba\(0, 0, 0, 0\)|rgb\(255, 255, 255\)/);
});

scenario("every task of a view is done by keyboard alone", async (cast) => {
  const device = await boiler(cast);
  const panel = await cast.panel("/views/boiler");
  const { keyboard } = panel.page;
  const control = panel.component("switch").getByRole("switch");
  await eventually("the switch to be of use", () => control.isEnabled());
  const isThere = () => control.evaluate((element) => element === document.activeElement);
  for (let steps = 0; steps < 40 && !(await isThere()); steps++) await keyboard.press("Tab");
  await keyboard.press("Space");
  const { command, value } = await device.next("command");
  assert.equal(value, true);
  assert.equal(await isThere(), true, "the focus stays while it is under way");
  device.send({ result: command, ok: true });
  await panel.reads(panel.receipt("switch", "pump"), "Done");
  assert.equal(await isThere(), true);
});
