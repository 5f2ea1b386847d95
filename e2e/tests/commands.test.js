// What became of a button's press: every way it can end, as seen by the one who pressed and by everybody else.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const DEVICE = "press-1";
const VIEW = `
title = "Press"
device = "${DEVICE}"

[[component]]
kind = "button"
channel = "start"
label = "Start"
ttl = 20000

[[component]]
kind = "button"
channel = "stop"
label = "Stop"
ttl = 3000
`;
const FILES = { "views/press.toml": VIEW };

/**
 * A hub, a device with two buttons, and two browsers that show them.
 * @param {any} cast
 * @param {Record<string, unknown>} [identify]
 */
async function stage(cast, identify) {
  await cast.hub({ files: FILES });
  const device = cast.device(DEVICE);
  await device.join(identify);
  device.send({ describe: { start: { input: "button" }, stop: { input: "button" } } });
  await device.deliver({ pressure: 3 });
  const [mine, other] = [await cast.panel("/views/press"), await cast.panel("/views/press")];
  const press = (/** @type {string} */ name) => mine.page.getByRole("button", { name }).click();
  /** What both browsers say of the newest command on the channel. */
  const bothRead = async (/** @type {string} */ channel, /** @type {RegExp | string} */ text) => {
    for (const panel of [mine, other]) await panel.reads(panel.receipt("button", channel), text);
  };
  return { device, mine, other, press, bothRead };
}

scenario("sent, then done, in both browsers", async (cast) => {
  const { device, press, bothRead } = await stage(cast);
  await press("Start");
  const command = await device.next("command");
  assert.equal(command.channel, "start");
  await bothRead("start", "Sent");
  device.send({ result: command.command, ok: true });
  await bothRead("start", "Done");
});

scenario("failed, with the device's reason", async (cast) => {
  const { device, press, bothRead } = await stage(cast);
  await press("Start");
  const { command } = await device.next("command");
  device.send({ result: command, ok: false, reason: "valve stuck" });
  await bothRead("start", /Failed.*valve stuck/);
});

scenario("expired: it waited behind another one and never ran", async (cast) => {
  const { device, press, bothRead } = await stage(cast);
  await press("Start");
  const { command } = await device.next("command");
  await press("Stop");
  await bothRead("stop", "Expired");
  device.send({ result: command, ok: true });
  await bothRead("start", "Done");
  await device.deliver({ pressure: 4 });
  assert.equal(device.waiting("command"), 0, "the expired one was never sent");
});

scenario("unknown: it was sent and the device has started again since", async (cast) => {
  const { device, press, bothRead } = await stage(cast);
  await press("Start");
  await device.next("command");
  await device.leave();
  device.session = undefined; // a new run remembers nothing
  await device.join();
  await bothRead("start", "Unknown");
});

scenario("unknown: it was sent and no answer came by its end and two heartbeats", async (cast) => {
  const { device, press, bothRead } = await stage(cast, { heartbeat: 2 });
  await press("Stop");
  await device.next("command");
  await bothRead("stop", "Unknown");
});

scenario("the button of a device that is gone cannot be pressed, and says why", async (cast) => {
  const { device, mine } = await stage(cast);
  await device.leave();
  const component = mine.component("button", { channel: "start" });
  await mine.reads(component, "Offline");
  assert.equal(await mine.page.getByRole("button", { name: "Start" }).isDisabled(), true);
});

scenario("refused at once, with the reason, when the device leaves as the button is pressed", async (cast) => {
  const { device, mine, press, bothRead } = await stage(cast);
  const valve = await mine.valve();
  await mine.go("/views/press");
  await mine.page.locator("button:enabled", { hasText: "Start" }).waitFor(); // it has heard of the device
  valve.shut(); // the page does not hear yet that the device has gone
  await device.leave();
  await gone(cast.hubs[0]);
  await press("Start");
  valve.open();
  await bothRead("start", /Refused.*offline/);
});

scenario("whoever asks for a command by HTTP is refused in the same words", async (cast) => {
  const { device } = await stage(cast);
  await device.leave();
  const hub = cast.hubs[0];
  await gone(hub);
  const asked = { command: "c-1", channel: "start", value: true, intent: "now", ttl: 5000 };
  await hub.fetch(`/api/devices/${DEVICE}/commands`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(asked),
  });
  const outcome = await hub.json(`/api/devices/${DEVICE}/commands/c-1`);
  assert.equal(outcome.state, "refused");
  assert.match(outcome.reason, /offline/);
});

scenario("a session that goes on answers the command that was sent before the cut", async (cast) => {
  const { device, press, bothRead } = await stage(cast);
  await press("Start");
  const first = await device.next("command");
  device.end(); // the connection is cut; the program runs on
  await device.join({ handled: first.command });
  const again = await device.next("command");
  assert.equal(again.command, first.command, "the same one is asked for again, for its result");
  device.send({ result: first.command, ok: true });
  await bothRead("start", "Done");
});

/** Waits until the hub knows that the device has gone. @param {import("../hub.js").Hub} hub */
async function gone(hub) {
  await eventually("offline", async () => (await hub.json(`/api/devices/${DEVICE}`)).presence === "offline");
}
