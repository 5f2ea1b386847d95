// Views as people arrange them: sections, pieces that several views share, variables, a view for a kind of device, and a device's
// page that becomes a view.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../deadline.js";
import { glassline } from "../hub.js";
import { scenario } from "../scenario.js";

const FILES = {
  "views/pump.toml": `
title = "Pump {name}"
devices = ["pump-*", "label:well"]
columns = 4

[variables]
limit = 80
range = { default = "15m", choices = ["15m", "1h"] }

[[include]]
file = "parts/head.toml"

[[section]]
title = "Pressure"
columns = 2

[[component]]
kind = "gauge"
channel = "pressure"
alarm_above = "{limit}"
rows = 2

[[component]]
kind = "chart"
channel = "pressure"
range = "{range}"

[[section]]
title = "Notes"

[[include]]
file = "parts/note.html"
who = "the night shift"
`,
  "views/parts/head.toml": '[[component]]\nkind = "device-header"\n',
  "views/parts/note.html": "<p>For {{ who }}: close the valve.</p>\n",
  "views/all.toml": `
title = "All pumps"

[[section]]
each = "pump-*"
title = "{name}"

[[component]]
kind = "value"
channel = "pressure"
`,
};

/** Two pumps and something else. @param {import("../scenario.js").Cast} cast */
async function plant(cast) {
  const hub = await cast.hub({ files: FILES });
  for (const [id, pressure] of /** @type {[string, number][]} */ ([["pump-1", 10], ["pump-2", 20], ["boiler", 30]])) {
    const device = cast.device(id);
    await device.join();
    await device.deliver({ pressure });
  }
  return hub;
}

scenario("a view for a kind of device shows the one that is chosen, and its address says which", async (cast) => {
  const hub = await plant(cast);
  const panel = await cast.panel("/views/pump?device=pump-2");
  await panel.reads(panel.page.getByRole("heading", { level: 1 }), "Pump pump-2");
  await panel.reads(panel.component("gauge"), "20");
  await panel.page.getByRole("combobox", { name: "Device" }).selectOption("pump-1");
  const show = panel.page.getByRole("button", { name: "Show" });
  if (await show.isVisible()) await show.click();
  await panel.page.waitForURL(/device=pump-1/);
  await panel.connected();
  await panel.reads(panel.component("gauge"), "10");
  // Something else belongs to it as soon as somebody says so.
  await hub.fetch("/api/devices/boiler", { method: "PATCH", headers: { "content-type": "application/json" }, body: '{"labels":["well"]}' });
  await panel.go("/views/pump?device=boiler");
  await panel.reads(panel.component("gauge"), "30");
  await panel.go("/views/pump?device=nobody");
  await panel.reads(panel.page.getByRole("status").filter({ hasText: "nobody" }), /pump-\*/);
});

scenario("sections, shared pieces and variables make a view, and the address sets a variable", async (cast) => {
  await plant(cast);
  const panel = await cast.panel("/views/pump?device=pump-2&limit=15");
  await panel.reads(panel.page.getByRole("heading", { name: "Pressure", level: 2 }).first(), "Pressure");
  await panel.reads(panel.component("device-header"), "pump-2");
  await panel.reads(panel.page.locator("main"), "For the night shift: close the valve.");
  await panel.reads(panel.component("gauge"), "Alarm: above 15");
  await panel.go("/views/pump?device=pump-2&range=1h");
  await panel.component("chart").getByRole("button", { name: "1 h", pressed: true }).waitFor();
  assert.doesNotMatch(await panel.component("gauge").innerText(), /Alarm/);
});

scenario("a section stands there once for each device of a kind", async (cast) => {
  await plant(cast);
  const panel = await cast.panel("/views/all");
  await panel.reads(panel.component("value", { device: "pump-1" }), "10");
  await panel.reads(panel.component("value", { device: "pump-2" }), "20");
  assert.equal(await panel.component("value").count(), 2);
});

scenario("the page of a device becomes a view at the press of a button, and is a file of one's own from then on", async (cast) => {
  const hub = await cast.hub({ files: {} });
  const device = cast.device("boiler-7");
  await device.join();
  device.send({ describe: { temperature: { unit: "°C", min: 0, max: 120 }, fan: { input: "switch" } } });
  await device.deliver({ temperature: 61.5, fan: true });
  const panel = await cast.panel("/devices/boiler-7");
  await panel.component("gauge").waitFor();
  await panel.page.getByRole("button", { name: "Make it a view" }).click();
  await panel.page.waitForURL("**/views/boiler-7");
  await panel.connected();
  await panel.reads(panel.component("gauge", { channel: "temperature" }), "61.5");
  await panel.component("switch").waitFor();
  await panel.component("chart").first().waitFor();
  const text = hub.read("views/boiler-7.toml");
  assert.match(text, /^# The page of boiler-7/);
  assert.ok(text.split("\n").length < 60, text);
  hub.save("views/boiler-7.toml", 'title = "Mine"\ndevice = "boiler-7"\n\n[[component]]\nkind = "value"\nchannel = "temperature"\n');
  await panel.reads(panel.page.getByRole("heading", { level: 1 }), "Mine");

  // It is never written over.
  panel.expect(/409/);
  await panel.go("/devices/boiler-7");
  await panel.page.getByRole("button", { name: "Make it a view" }).click();
  await panel.reads(panel.page.locator("main"), /already/);
  assert.match(hub.read("views/boiler-7.toml"), /Mine/);
});

scenario("a hub without a folder says how to get one, and shows what it would have written", async (cast) => {
  await cast.hub();
  const device = cast.device("boiler-7");
  await device.join();
  await device.deliver({ temperature: 61.5 });
  const panel = await cast.panel("/devices/boiler-7");
  panel.expect(/4\d\d/);
  await panel.page.getByRole("button", { name: "Make it a view" }).click();
  await panel.reads(panel.page.locator("main"), /glassline init[^]*\[\[component\]\]/);
});

scenario("a device's page is ejected from the command line too", async (cast) => {
  const hub = await cast.hub({ files: {} });
  const device = cast.device("boiler-7");
  await device.join();
  await device.deliver({ temperature: 61.5 });
  await eventually("the device to be known", async () => (await hub.fetch("/api/devices/boiler-7")).ok);
  const folder = mkdtempSync(join(tmpdir(), "glassline-eject-"));
  try {
    const written = await glassline("eject", "boiler-7", "--to", folder, "--state", hub.state);
    assert.equal(written.code, 0, written.err);
    assert.match(readFileSync(join(folder, "views/boiler-7.toml"), "utf8"), /kind = "value"/);
    const checked = await glassline("check", folder);
    assert.equal(checked.code, 0, checked.out);
    const again = await glassline("eject", "boiler-7", "--to", folder, "--state", hub.state);
    assert.notEqual(again.code, 0);
    const nobody = await glassline("eject", "boiler-8", "--to", folder, "--state", hub.state);
    assert.match(nobody.err, /boiler-8/);
    assert.equal(existsSync(join(folder, "views/boiler-8.toml")), false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
