// What a screen reader is told of built-in components, all of it: a snapshot of the tree, in which nothing may be more or less.

import assert from "node:assert/strict";
import { scenario } from "../scenario.js";

/** @type {Record<string, string>} */
const TOLD = {
  gauge: `- heading "Temperature" [level=2]
- paragraph: 61.5 °C
- paragraph: 0 120
- status: "Alarm: above 60 °C"
- text: Fresh
- time: AGE`,
  switch: `- heading "Pump" [level=2]
- switch "Pump": "Off"
- status
- text: Fresh
- time: AGE`,
  select: `- heading "Mode" [level=2]
- paragraph: eco
- paragraph
- group "Mode":
  - button "eco" [pressed]
  - button "boost"
- status
- text: Fresh
- time: AGE`,
  slider: `- heading "Speed" [level=2]
- paragraph: 20 %
- slider "Speed": "20"
- paragraph: 0 100
- status
- text: Fresh
- time: AGE`,
  chart: `- heading "Temperature" [level=2]
- group "Time range":
  - button "1 min"
  - button "15 min" [pressed]
  - button "1 h"
  - button "24 h"
  - button "7 d"
- button "Pause"
- group: Zoom, move, save
- paragraph: 61.5 °C
- paragraph: °C
- paragraph
- status
- slider "Temperature at a time"
- text: Fresh
- time: AGE`,
  "device-header": `- paragraph: Online
- paragraph:
  - button "Edit name and labels"
- term: Online for
- definition: TIME
- term: Last heard
- definition: AGE
- term: Messages received
- definition: "1"
- term: Gaps
- definition: "0"`,
};

const LIST = `- list "Devices":
  - listitem:
    - link "Online boiler-7 for TIME":
      - /url: /devices/boiler-7
    - button "Edit boiler-7"
- group: Connect another device`;

/** Times that pass are the same in every snapshot. @param {string} told */
const timeless = (told) => told.replace(/\b(?:now|\d+ s ago)$/gm, "AGE").replace(/\b\d+ s\b/g, "TIME");

scenario("a screen reader is told what each component is, shows and does, and nothing else", async (cast) => {
  await cast.hub();
  const device = cast.device("boiler-7");
  await device.join();
  device.send({
    describe: {
      temperature: { unit: "°C", min: 0, max: 120, alarm_above: 60 },
      pump: { input: "switch" },
      mode: { input: "select", choices: ["eco", "boost"] },
      speed: { input: "slider", min: 0, max: 100, unit: "%" },
    },
  });
  await device.deliver({ temperature: 61.5, pump: false, mode: "eco", speed: 20 });
  const panel = await cast.panel("/devices/boiler-7");
  await panel.component("switch").getByRole("switch", { disabled: false }).waitFor();
  await panel.reads(panel.component("chart").first().locator('[data-part="readout"]'), "61.5 °C");
  for (const [kind, told] of Object.entries(TOLD)) {
    assert.equal(timeless(await panel.component(kind).first().ariaSnapshot()), told, kind);
  }
  await panel.go("/");
  await panel.page.getByRole("button", { name: "Edit boiler-7" }).waitFor();
  assert.equal(timeless(await panel.component("device-list").ariaSnapshot()), LIST);
});
