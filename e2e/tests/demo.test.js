// `glassline demo`: three things are printed, the link opens the weather, and its station obeys.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const STATION = "weather-1";

scenario("the demo opens by its link and the gauge moves", async (cast) => {
  const hub = await cast.hub({ command: "demo" });
  await eventually("the link is printed", () => hub.printed.includes(hub.ready.link));
  await eventually("the address for devices is printed", () => hub.printed.includes(hub.ready.lines));

  const panel = await cast.panel("/views/weather");
  const gauge = panel.component("gauge", { channel: "temperature" });
  await panel.state(gauge, "fresh");
  await panel.reads(gauge, /-?\d+[.\d]*\s*°C/);
  const figures = ["temperature", "humidity", "wind_speed"].map((channel) => {
    return panel.component("gauge", { channel }).locator('[data-part="value"]');
  });
  const seen = new Set();
  await eventually("the gauges show three different weathers", async () => {
    const weather = await Promise.all(figures.map((figure) => figure.innerText()));
    assert.ok(weather.every((figure) => /^−?\d+(\.\d)?$/.test(figure)), `no weather: ${weather}`);
    return seen.add(weather.join()).size >= 3;
  });
});

scenario("the station resets its rain and the button says so", async (cast) => {
  await cast.hub({ command: "demo" });
  const panel = await cast.panel("/views/weather");
  await panel.page.getByRole("button", { name: "Reset data" }).click();
  await panel.reads(panel.receipt("button", "reset"), "Done");
});

scenario("pasting the printed line makes a second device appear, and again does no harm", async (cast) => {
  const hub = await cast.hub({ command: "demo" });
  const line = await eventually("a line to paste is printed", () => {
    return hub.printed.split("\n").map((printed) => printed.trim()).find((printed) => /\bnc \S+ \d+$/.test(printed));
  });
  const panel = await cast.panel("/");
  const list = panel.component("device-list");
  await panel.reads(list, STATION);
  assert.equal((await hub.json("/api/devices")).length, 1);
  for (const time of ["first", "second"]) {
    const pasted = cast.shell(line);
    await eventually(`two devices after the ${time} paste`, async () => {
      const devices = await hub.json("/api/devices");
      return devices.length === 2 && devices.every((/** @type {any} */ device) => Object.keys(device.channels).length > 0);
    });
    pasted.interrupt();
  }
  const added = (await hub.json("/api/devices")).find((/** @type {any} */ device) => device.id !== STATION);
  await panel.reads(list, added.id);
});

scenario("Ctrl-C ends the demo cleanly", async (cast) => {
  const hub = await cast.hub({ command: "demo" });
  assert.equal(await hub.stop("SIGINT"), 0, hub.log);
});
