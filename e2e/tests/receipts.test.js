// What was asked for and what is the case are two things: drawn apart, until the device says that they are one.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

/**
 * A device with a control of each kind, and two browsers that show it.
 * @param {import("../scenario.js").Cast} cast
 */
async function stage(cast) {
  await cast.hub();
  const device = cast.device("valve-1");
  await device.join();
  device.send({
    describe: {
      pump: { input: "switch" },
      speed: { input: "slider", min: 0, max: 100, unit: "%" },
      limit: { input: "number", unit: "bar" },
      mode: { input: "select", choices: ["eco", "boost"] },
      note: { input: "text" },
    },
  });
  await device.deliver({ pump: false, speed: 20, limit: 3, mode: "eco", note: "hello" });
  const [mine, other] = [await cast.panel("/devices/valve-1"), await cast.panel("/devices/valve-1")];
  return { device, mine, other };
}

/** @param {import("playwright-core").Locator} control */
const isChecked = async (control) => (await control.getAttribute("aria-checked")) === "true";

scenario("a switch shows what is and what was asked for apart, and cannot be used twice meanwhile", async (cast) => {
  const { device, mine, other } = await stage(cast);
  const control = mine.component("switch").getByRole("switch");
  await control.click();
  const { command } = await device.next("command");
  for (const panel of [mine, other]) {
    const shown = panel.component("switch");
    await panel.reads(shown, /Off[^]*→ On/);
    assert.equal(await isChecked(shown.getByRole("switch")), false, "it is off until the device says otherwise");
  }
  await other.reads(other.receipt("switch", "pump"), /Sent · admin|Sent/);
  await control.click({ force: true });
  device.send({ result: command, ok: true });
  await device.deliver({ pump: true });
  for (const panel of [mine, other]) {
    await eventually("the switch to be on", () => isChecked(panel.component("switch").getByRole("switch")));
    await panel.reads(panel.receipt("switch", "pump"), "Done");
  }
  assert.equal(device.waiting("command"), 0, "the second press was none");
});

scenario("what the device refuses returns every control to the actual value, with its reason in every panel", async (cast) => {
  const { device, mine, other } = await stage(cast);
  const slider = mine.component("slider").getByRole("slider");
  await eventually("the slider to be of use", () => slider.isEnabled());
  await slider.focus();
  await mine.page.keyboard.press("End");
  const { command, value } = await device.next("command");
  assert.equal(value, 100);
  await other.reads(other.component("slider"), /20[^]*→ 100/);
  device.send({ result: command, ok: false, reason: "too hot" });
  for (const panel of [mine, other]) {
    await panel.reads(panel.receipt("slider", "speed"), /Failed.*too hot/);
    const shown = panel.component("slider");
    await eventually("the slider to be back", async () => (await shown.getByRole("slider").inputValue()) === "20");
    assert.doesNotMatch(await shown.innerText(), /→/);
  }
});

scenario("a number, a choice and a text are sent as they were typed and shown as the device reports them", async (cast) => {
  const { device, mine } = await stage(cast);
  const limit = mine.component("number-field");
  await eventually("the field to be of use", () => limit.getByRole("spinbutton").isEnabled());
  await limit.getByRole("spinbutton").fill("4.5");
  await mine.page.keyboard.press("Enter");
  const first = await device.next("command");
  assert.deepEqual([first.channel, first.value], ["limit", 4.5]);
  device.send({ result: first.command, ok: true });
  await device.deliver({ limit: 4.5 });
  await mine.reads(limit, /4\.5[^]*bar/);

  await mine.component("select").getByRole("button", { name: "boost" }).click();
  const second = await device.next("command");
  assert.deepEqual([second.channel, second.value], ["mode", "boost"]);
  await mine.reads(mine.component("select"), /→ boost/);
  device.send({ result: second.command, ok: true });
  await device.deliver({ mode: "boost" });
  await mine.reads(mine.receipt("select", "mode"), "Done");

  await mine.component("text-field").getByRole("textbox").fill("good <b>day</b>");
  await mine.page.keyboard.press("Enter");
  const third = await device.next("command");
  assert.deepEqual([third.channel, third.value], ["note", "good <b>day</b>"]);
  device.send({ result: third.command, ok: true });
  await device.deliver({ note: "good <b>day</b>" });
  await mine.reads(mine.component("text-field"), "good <b>day</b>");
});

scenario("a command that nobody answered is drawn as unknown, and not as done", async (cast) => {
  const { device, mine } = await stage(cast);
  await mine.component("switch").getByRole("switch").click();
  await device.next("command");
  await device.leave();
  const again = cast.device("valve-1");
  await again.join();
  await mine.reads(mine.receipt("switch", "pump"), "Unknown");
  const control = mine.component("switch").getByRole("switch");
  assert.equal(await isChecked(control), false);
});

scenario("a command that waits for its device can be taken back by whoever asked", async (cast) => {
  await cast.hub({
    files: {
      "views/gate.toml": 'device = "gate-1"\n\n[[component]]\nkind = "button"\nchannel = "open"\nintent = "queue"\nttl = 60000\ntext = "Open"\n',
    },
  });
  const device = cast.device("gate-1");
  await device.join();
  device.send({ describe: { open: { input: "button" } } });
  await device.deliver({ state: "shut" });
  const panel = await cast.panel("/views/gate");
  await device.leave();
  await eventually("the panel to know that it is away", async () => (await panel.component("button").getAttribute("data-presence")) === "offline");
  await panel.page.getByRole("button", { name: "Open" }).click();
  await panel.reads(panel.receipt("button", "open"), "Queued");
  await panel.page.getByRole("button", { name: /Cancel/ }).click();
  await panel.reads(panel.receipt("button", "open"), "Cancelled");
  const again = cast.device("gate-1");
  await again.join();
  await again.deliver({ state: "shut" });
  assert.equal(again.waiting("command"), 0, "it never ran");
});

scenario("a slider that is moved by keys asks once, for where it was left, and Escape takes the move back", async (cast) => {
  const { device, mine } = await stage(cast);
  const slider = mine.component("slider").getByRole("slider");
  await eventually("the slider to be of use", () => slider.isEnabled());
  await slider.focus();
  const { keyboard } = mine.page;
  // Without an answer of the browser in between: a pause is what asks.
  await Promise.all(["ArrowRight", "Escape"].map((key) => keyboard.press(key)));
  assert.equal(await slider.inputValue(), "20");
  await Promise.all(Array.from({ length: 5 }, () => keyboard.press("ArrowRight")));
  const { command, value } = await device.next("command");
  assert.equal(value, 25);
  await mine.page.keyboard.press("ArrowRight");
  assert.equal(await slider.inputValue(), "20", "while it is under way the slider does not move");
  device.send({ result: command, ok: true });
  await device.deliver({ speed: 25 });
  await eventually("the slider to be there", async () => (await slider.inputValue()) === "25");
  assert.equal(device.waiting("command"), 0, "it was asked once");
});

scenario("what became of a command while the page was cut off is looked up, and not asked for again", async (cast) => {
  const { device } = await stage(cast);
  const panel = await cast.stranger();
  const line = await panel.line();
  await panel.open("/devices/valve-1");
  await panel.component("switch").getByRole("switch").click();
  const { command } = await device.next("command");
  await panel.reads(panel.receipt("switch", "pump"), "Sent");
  panel.expect(/WebSocket|Failed to (load|fetch)|ERR_/);
  line.cut();
  await panel.reads(panel.receipt("switch", "pump"), "not known without a connection");
  device.send({ result: command, ok: false, reason: "valve stuck" });
  await device.deliver({ limit: 4 });
  line.mend();
  await panel.connected();
  await panel.reads(panel.receipt("switch", "pump"), /Failed.*valve stuck/);
  assert.equal(device.waiting("command"), 0);
});
