// Nothing looks newer than it is: values that come too seldom, a page that hears nothing, a tab that was frozen, samples from before.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const SECOND_MS = 1000;

/** What makes a page that lost its hub complain. */
const LOST = /WebSocket|Failed to (load|fetch)|ERR_/;

/**
 * A gauge that has a rhythm of a second, learned from what came.
 * @param {import("../scenario.js").Cast} cast
 */
async function ticking(cast) {
  await cast.hub();
  const device = cast.device("probe-1");
  await device.join();
  device.send({ describe: { level: { unit: "%", min: 0, max: 100 }, valve: { input: "switch" } } });
  const now = Date.now();
  for (let n = 12; n >= 0; n--) await device.deliver({ level: 50 }, { ts: now - n * SECOND_MS });
  await device.deliver({ valve: false });
  return device;
}

/**
 * A new value comes, and is shown as fresh. One that took longer than it is fresh is followed by another.
 * @param {import("../device.js").Device} device
 * @param {import("../panel.js").Panel} panel
 * @param {import("playwright-core").Locator} gauge
 */
async function comesFresh(device, panel, gauge) {
  let level = Number(await gauge.locator('[data-part="value"]').innerText());
  await eventually("a fresh value", async () => {
    level += 1;
    await device.deliver({ level });
    await panel.reads(gauge, String(level));
    return (await gauge.getAttribute("data-state")) === "fresh";
  });
}

scenario("a value that should have come again says that it is late, then stale, without anybody declaring how often it comes", async (cast) => {
  const device = await ticking(cast);
  const panel = await cast.panel("/devices/probe-1");
  const gauge = panel.component("gauge", { channel: "level" });
  // It is late for some seconds only: what it says then is noted down, and not looked for.
  const notes = await gauge.evaluateHandle((element) => {
    /** @type {{state: string | null, text: string}[]} */
    const notes = [];
    const note = () => notes.push({ state: element.getAttribute("data-state"), text: /** @type {HTMLElement} */ (element).innerText });
    new MutationObserver(note).observe(element, { attributeFilter: ["data-state"] });
    return notes;
  });
  await comesFresh(device, panel, gauge);
  await panel.state(gauge, "stale");
  await panel.reads(gauge, /Stale[^]*\d+ s ago/);
  const late = (await notes.jsonValue()).filter(({ state }) => state === "late");
  assert.match(late.at(-1)?.text ?? "", /Late[^]*\d+ s ago/);
  await comesFresh(device, panel, gauge);
});

scenario("a hub that was started anew still knows what is overdue", async (cast) => {
  await ticking(cast);
  const [hub] = cast.hubs;
  await hub.stop();
  await hub.start();
  const again = cast.device("probe-1");
  await again.join();
  const panel = await cast.panel("/devices/probe-1");
  await panel.state(panel.component("gauge", { channel: "level" }), "late", "stale");
});

scenario("a page that loses its hub says so over the whole view, refuses clicks instead of keeping them, and recovers by itself", async (cast) => {
  const device = await ticking(cast);
  const panel = await cast.stranger();
  const line = await panel.line();
  await panel.open("/devices/probe-1");
  const control = panel.component("switch").getByRole("switch");
  await eventually("the switch to be of use", () => control.isEnabled());
  panel.expect(LOST);
  line.cut();
  await panel.page.getByText("No connection to the hub since").waitFor();
  const gauge = panel.component("gauge", { channel: "level" });
  await panel.state(gauge, "stale");
  await panel.reads(gauge, "No connection");
  assert.equal(await control.isDisabled(), true);
  await control.click({ force: true });
  line.mend();
  await panel.connected();
  await eventually("the switch to be of use again", () => control.isEnabled());
  await device.deliver({ level: 60 });
  await panel.reads(gauge, "60");
  assert.equal(device.waiting("command"), 0, "the click was not kept");
});

scenario("a tab that was frozen shows what is, and not what was, when it wakes", async (cast) => {
  const device = await ticking(cast);
  const panel = await cast.panel("/devices/probe-1");
  const gauge = panel.component("gauge", { channel: "level" });
  await panel.reads(gauge, "50");
  const browser = await panel.page.context().newCDPSession(panel.page);
  await browser.send("Page.setWebLifecycleState", { state: "frozen" });
  await device.deliver({ level: 70 });
  await device.leave();
  await browser.send("Page.setWebLifecycleState", { state: "active" });
  await panel.state(gauge, "gone");
  await panel.reads(gauge, /70[^]*Offline/);
});

scenario("a laptop that slept finds its connection dead, says so, and comes back with the newest value", async (cast) => {
  const device = await ticking(cast);
  const panel = await cast.stranger();
  await panel.page.clock.install();
  const valve = await panel.valve();
  await panel.open("/devices/probe-1");
  const gauge = panel.component("gauge", { channel: "level" });
  await panel.reads(gauge, "50");
  panel.expect(LOST);
  // Nothing arrives any more, and the clock has gone on: as after waking up on another network.
  valve.shut();
  await device.deliver({ level: 80 });
  await panel.page.clock.fastForward("10:00");
  await panel.page.locator('[data-role="connection"]:not([data-state="connected"])').waitFor({ state: "attached" });
  assert.notEqual(await gauge.getAttribute("data-state"), "fresh");
  valve.open();
  await panel.page.clock.resume();
  await eventually("the page to be back", async () => {
    await panel.page.clock.runFor(1000);
    return (await panel.page.locator('[data-role="connection"]').getAttribute("data-state")) === "connected";
  });
  await panel.reads(gauge, "80");
});

scenario("a hundred samples from before fill the chart, and the gauge does not move", async (cast) => {
  const device = await ticking(cast);
  const panel = await cast.panel("/devices/probe-1");
  const [gauge, chart] = [panel.component("gauge", { channel: "level" }), panel.component("chart", { channel: "level" })];
  await chart.scrollIntoViewIfNeeded();
  await eventually("the chart to have its history", async () => (await chart.getAttribute("data-points")) === "13");
  await panel.page.evaluate(() => {
    const value = document.querySelector('gl-gauge[data-channel="level"] [data-part="value"]');
    const seen = /** @type {string[]} */ ([]);
    new MutationObserver(() => seen.push(value?.textContent ?? "")).observe(/** @type {Node} */ (value), { childList: true, characterData: true, subtree: true });
    Object.assign(window, { seen });
  });
  const begin = Date.now() - 600 * SECOND_MS;
  for (let n = 0; n < 100; n++) await device.deliver({ level: 10 }, { ts: begin + n * SECOND_MS });
  await eventually("the chart to fill", async () => Number(await chart.getAttribute("data-points")) >= 113);
  assert.deepEqual(await panel.page.evaluate(() => /** @type {any} */ (window).seen), []);
  await panel.reads(gauge, "50");
});
