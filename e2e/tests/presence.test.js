// Whether a device is there: every panel that shows it knows, and nothing on it looks newer than it is.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

/**
 * A device with a value and a switch, its page, and the list.
 * @param {any} cast
 * @param {Record<string, unknown>} [identify]
 */
async function stage(cast, identify) {
  await cast.hub();
  const device = cast.device("pump-1");
  await device.join(identify);
  device.send({ describe: { fan: { input: "switch" } } });
  await device.deliver({ temperature: 21.5, fan: true });
  const panel = await cast.panel("/devices/pump-1");
  const list = await cast.panel("/");
  const value = panel.component("value", { channel: "temperature" });
  const fan = panel.component("switch", { channel: "fan" }).getByRole("switch");
  await panel.reads(panel.component("device-header"), /online/i);
  await list.reads(list.component("device-list"), /online/i);
  return { device, panel, list, value, fan };
}

scenario("a device that leaves is offline everywhere at once, and comes back", async (cast) => {
  const { device, panel, list, value, fan } = await stage(cast);
  await device.leave();
  await panel.state(value, "gone");
  await panel.reads(panel.component("device-header"), /offline/i);
  await list.reads(list.component("device-list"), /offline/i);
  await panel.reads(value, "21.5");
  await panel.reads(value, /ago|now/i);
  await eventually("the switch cannot be used", () => fan.isDisabled());
  await panel.reads(panel.component("switch", { channel: "fan" }), "Offline");

  await device.join();
  await device.deliver({ temperature: 22.5 });
  await panel.state(value, "fresh");
  await panel.reads(value, "22.5");
  await panel.reads(panel.component("device-header"), /online/i);
  await list.reads(list.component("device-list"), /online/i);
  await eventually("the switch can be used", () => fan.isEnabled());
});

scenario("a silent device is offline after two heartbeats, its connection closed", async (cast) => {
  const { device, panel, value } = await stage(cast, { heartbeat: 2 });
  device.silence();
  await panel.state(value, "gone");
  await panel.reads(panel.component("device-header"), /offline/i);
  await device.dropped();
});

scenario("a second connection of the same device takes over without a flicker", async (cast) => {
  const { device, panel, value } = await stage(cast);
  const states = await watchStates(value);
  const again = cast.device("pump-1");
  again.token = device.token;
  await again.join();
  const bye = await device.next("bye");
  assert.equal(bye.bye, "replaced");
  await device.dropped();
  await again.deliver({ temperature: 23.5 });
  await panel.reads(value, "23.5");
  assert.ok(!(await states()).includes("gone"), "it never looked gone");
});

scenario("while the hub cannot be heard, nothing says that a device is online", async (cast) => {
  const { device, panel, list, value } = await stage(cast);
  for (const page of [panel, list]) page.expect(/WebSocket|Failed to (load|fetch)|ERR_/);
  await cast.hubs[0].stop("SIGKILL");
  await panel.reads(panel.component("device-header"), /not known[^]*was online for/i);
  await list.reads(list.component("device-list"), /not known[^]*was online for/i);
  await panel.state(value, "stale");
  await panel.reads(value, "No connection");
  await panel.reads(panel.component("switch", { channel: "fan" }), "No connection");
  await cast.hubs[0].start();
  await device.join();
  await panel.reads(panel.component("device-header"), /^online/i);
  await list.reads(list.component("device-list"), /^online/i);
});

scenario("who is looking at what is listed", async (cast) => {
  await stage(cast);
  const hub = cast.hubs[0];
  const pages = async () => (await hub.json("/api/panels")).map((/** @type {any} */ panel) => panel.page).sort();
  await eventually("both panels in the list", async () => String(await pages()) === "/,/devices/pump-1");
  const status = await cast.panel("/status");
  await status.reads(status.component("panel-list"), "/devices/pump-1");
  await cast.panels[0].end();
  await eventually("the closed one is gone", async () => !(await pages()).includes("/devices/pump-1"));
});

/** Notes every state that a component goes through; returns how to read the notes. @param {import("playwright-core").Locator} component */
async function watchStates(component) {
  const notes = await component.evaluateHandle((element) => {
    /** @type {(string | null)[]} */
    const states = [element.getAttribute("data-state")];
    new MutationObserver(() => states.push(element.getAttribute("data-state"))).observe(element, {
      attributeFilter: ["data-state"],
    });
    return states;
  });
  return () => notes.jsonValue();
}
