// A device that nobody announced: it is in the list at once, and its page makes itself from what it sends and says.

import assert from "node:assert/strict";
import { scenario } from "../scenario.js";

scenario("an empty list says what to do next, and doing it makes a device appear without a reload", async (cast) => {
  await cast.hub();
  const panel = await cast.panel("/");
  const list = panel.component("device-list");
  await panel.reads(list, "No device yet");
  const line = await list.locator("code", { hasText: /\bnc\b/ }).innerText();
  const pasted = cast.shell(line);
  const row = list.getByRole("listitem");
  await panel.reads(row, /online/i);
  pasted.interrupt();
  await panel.reads(row, /offline/i);

  await row.getByRole("link").click();
  await panel.reads(panel.component("device-header"), /offline/i);
});

scenario("a device that joins is in the list at once, with a link to its page", async (cast) => {
  await cast.hub();
  const panel = await cast.panel("/");
  const device = cast.device("boiler-7");
  await device.join();
  await device.deliver({ temperature: 61.5 });
  await panel.reads(panel.component("device-list"), /online/i);
  await panel.page.getByRole("link", { name: "boiler-7" }).click();
  await panel.reads(panel.page.getByRole("heading", { level: 1 }), "boiler-7");
});

scenario("the page of a device that has not sent anything says what to send", async (cast) => {
  await cast.hub();
  const device = cast.device("quiet-1");
  await device.join();
  const panel = await cast.panel("/devices/quiet-1");
  const said = panel.page.getByText("It has not sent anything yet");
  await said.waitFor();
  await device.deliver({ temperature: 21.5 });
  await panel.reads(panel.component("value", { channel: "temperature" }), "21.5");
  assert.equal(await said.isVisible(), false);
});

scenario("a plain device needs two lines and no session", async (cast) => {
  await cast.hub();
  const device = cast.device("nc-1");
  const welcome = await device.joinPlain();
  assert.equal(welcome.session, undefined);
  device.send('{"temperature":21.5,"humidity":40}');

  const panel = await cast.panel("/");
  const list = panel.component("device-list");
  await panel.reads(list, "nc-1");
  const line = list.locator("code", { hasText: /\bnc\b/ });
  assert.equal(await line.isVisible(), false);
  await list.getByText("Connect another device").click();
  await line.waitFor({ state: "visible" });
  await panel.go("/devices/nc-1");
  await panel.reads(panel.component("value", { channel: "temperature" }), "21.5");
  device.send('{"temperature":22.25}');
  await panel.reads(panel.component("value", { channel: "temperature" }), "22.25");
});

scenario("each kind of value gets its component", async (cast) => {
  await cast.hub();
  const device = cast.device("probe-1");
  await device.join();
  device.send({ describe: { temperature: { unit: "°C" } } });
  await device.deliver({ temperature: 21.5, door: true, mode: "eco", position: { x: 1, y: [2, 3] } });

  const panel = await cast.panel("/devices/probe-1");
  await panel.reads(panel.component("value", { channel: "temperature" }), /21\.5\s*°C/);
  await panel.reads(panel.component("lamp", { channel: "door" }), "On");
  await panel.reads(panel.component("text", { channel: "mode" }), "eco");
  const position = panel.component("json", { channel: "position" });
  await panel.reads(position, "2 members");
  await position.locator("summary").click();
  await panel.reads(position, /"y": \[/);
  await panel.component("chart", { channel: "temperature" }).waitFor();

  await device.deliver({ door: false, mode: "boost" });
  await panel.reads(panel.component("text", { channel: "mode" }), "boost");
  await panel.reads(panel.component("lamp", { channel: "door" }), "Off");
});

scenario("each described input gets its control, and the device gets what is set", async (cast) => {
  await cast.hub();
  const device = cast.device("greenhouse-1");
  await device.join();
  device.send({
    describe: {
      fan: { input: "switch" },
      reset: { input: "button" },
      vent: { input: "slider", min: 0, max: 100 },
      target: { input: "number", min: 5, max: 30 },
    },
  });
  await device.deliver({ fan: false, vent: 20, target: 18 });
  const panel = await cast.panel("/devices/greenhouse-1");
  const { page } = panel;

  await panel.component("switch", { channel: "fan" }).getByRole("switch").click();
  await answered({ channel: "fan", value: true });
  await panel.component("button", { channel: "reset" }).getByRole("button").click();
  await answered({ channel: "reset" });
  await panel.component("slider", { channel: "vent" }).getByRole("slider").focus();
  await page.keyboard.press("End");
  await answered({ channel: "vent", value: 100 });
  await panel.component("number-field", { channel: "target" }).getByRole("spinbutton").fill("21");
  await page.keyboard.press("Enter");
  await answered({ channel: "target", value: 21 });

  /** @param {{channel: string, value?: unknown}} expected */
  async function answered(expected) {
    const command = await device.next("command");
    assert.equal(command.channel, expected.channel);
    if ("value" in expected) assert.deepEqual(command.value, expected.value);
    device.send({ result: command.command, ok: true });
    await panel.reads(page.locator(`[data-channel="${expected.channel}"] [data-part="receipt"]`), "Done");
  }
});

scenario("a channel that appears later gets its component, and the others stay as they are", async (cast) => {
  await cast.hub();
  const device = cast.device("probe-2");
  await device.join();
  await device.deliver({ temperature: 21.5 });
  const panel = await cast.panel("/devices/probe-2");
  const first = panel.component("value", { channel: "temperature" });
  await first.evaluate((element) => Object.assign(element, { untouched: true }));

  await device.deliver({ humidity: 40 });
  await panel.reads(panel.component("value", { channel: "humidity" }), "40");
  device.send({ describe: { fan: { input: "switch" } } });
  await panel.component("switch", { channel: "fan" }).getByRole("switch").waitFor();
  assert.equal(await first.evaluate((element) => "untouched" in element), true, "it is the same element");
  assert.equal(await first.count(), 1);
});

scenario("numbers are kept digit for digit", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("precise-1");
  await device.join();
  device.send('{"seq":1,"channel":"energy","value":12345678901234567890.10}');
  await device.next("ack");
  const answer = await hub.fetch("/api/devices/precise-1/channels/energy/samples?format=ndjson");
  assert.match(await answer.text(), /"value":12345678901234567890\.10[,}]/);
});
