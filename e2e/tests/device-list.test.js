// A long list of devices: found by name, label and presence, called something else, deleted after a question.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

/** As many as a plant may have. */
const MANY = 5000;
/** Rows that a window of 800 px may have, with those a little beyond it. */
const ROWS_MAX = 60;

/**
 * Makes devices, and calls some of them something.
 * @param {import("../hub.js").Hub} hub
 * @param {{id: string, name?: string, labels?: string[]}[]} devices
 */
async function make(hub, devices) {
  const say = async (/** @type {string} */ method, /** @type {string} */ path, /** @type {unknown} */ body) => {
    const headers = { "content-type": "application/json" };
    const answer = await hub.fetch(path, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  const left = [...devices];
  const one = async () => {
    for (let device = left.pop(); device; device = left.pop()) {
      const { id, ...called } = device;
      await say("POST", "/api/devices", { id });
      if (Object.keys(called).length > 0) await say("PATCH", `/api/devices/${id}`, called);
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

/** @param {import("../panel.js").Panel} panel */
const rows = (panel) => panel.component("device-list").getByRole("listitem");

scenario("somebody finds one of 5,000 devices, and only the rows in view are drawn", async (cast) => {
  const hub = await cast.hub();
  const devices = Array.from({ length: MANY }, (_, n) => ({ id: `machine-${n}` }));
  await make(hub, [...devices, { id: "press-7", name: "Große Presse", labels: ["Halle 3", "Öl"] }]);
  const panel = await cast.panel("/");
  const list = panel.component("device-list");
  await panel.reads(list, new RegExp(`All\\s+${MANY + 1}`));
  assert.ok((await rows(panel).count()) <= ROWS_MAX, `${await rows(panel).count()} rows are drawn`);

  await panel.page.keyboard.press("End");
  await panel.reads(list, /machine-4999[^]*Connect another device/);
  assert.ok((await rows(panel).count()) <= ROWS_MAX);
  const last = rows(panel).last();
  assert.equal(await last.getAttribute("aria-posinset"), String(MANY + 1));
  assert.equal(await last.getAttribute("aria-setsize"), String(MANY + 1));

  await list.getByRole("searchbox", { name: "Search devices" }).fill("presse HALLE");
  await panel.reads(list, `1 of ${MANY + 1} devices`);
  await panel.reads(rows(panel), "Große Presse");
  await panel.page.reload();
  await panel.reads(rows(panel), "Große Presse");
  await list.getByRole("searchbox").fill("nothing of that name");
  await list.getByText("No device fits.").waitFor();
  await list.getByRole("button", { name: "Show all" }).click();
  await panel.reads(list, "machine-0");
});

scenario("presence, label and order leave out and sort, also while devices come and go", async (cast) => {
  const hub = await cast.hub();
  const devices = Array.from({ length: 9 }, (_, n) => ({ id: `pump-${n + 1}`, labels: n < 3 ? ["barn"] : [] }));
  await make(hub, devices);
  const panel = await cast.panel("/");
  const list = panel.component("device-list");
  await panel.reads(list, /Offline\s+9/);
  const device = cast.device("pump-10");
  await device.join();
  await panel.reads(list, /Online\s+1/);
  await list.getByRole("radio", { name: /Online/ }).check();
  await panel.reads(rows(panel), "pump-10");
  assert.equal(await rows(panel).count(), 1);
  device.end();
  await list.getByText("No device fits.").waitFor();

  await list.getByRole("radio", { name: /All/ }).check();
  await list.getByRole("combobox", { name: "Label" }).selectOption("barn");
  await panel.reads(list, "3 of 10 devices");
  await list.getByRole("combobox", { name: "Label" }).selectOption("");
  await list.getByRole("combobox", { name: "Order" }).selectOption("since");
  await panel.reads(rows(panel).first(), "pump-10");
});

scenario("a device that is called something else is called so on every open page", async (cast) => {
  const hub = await cast.hub();
  await make(hub, [{ id: "boiler-7" }]);
  const [panel, other] = [await cast.panel("/"), await cast.panel("/devices/boiler-7")];
  await rows(panel).getByRole("button", { name: "Edit boiler-7" }).click();
  const dialog = panel.page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Boiler, cellar");
  await dialog.getByLabel("Labels").fill("cellar, heating,");
  await panel.page.keyboard.press("Enter");
  await panel.reads(rows(panel), /Boiler, cellar\s*boiler-7[^]*cellar[^]*heating/);
  await other.reads(other.page.getByRole("heading", { level: 1 }), "Boiler, cellar");
  await other.reads(other.component("device-header"), /boiler-7[^]*cellar/);
  assert.match(await other.page.title(), /^Boiler, cellar/);
  assert.equal((await hub.json("/api/devices/boiler-7")).name, "Boiler, cellar");

  // What cannot be is said, and nothing typed is lost.
  panel.expect(/400/);
  await rows(panel).getByRole("button").click();
  await dialog.getByLabel("Labels").fill("x".repeat(41));
  await dialog.getByRole("button", { name: "Save" }).click();
  await panel.reads(dialog.getByRole("alert"), "1 to 40 characters");
  assert.equal(await dialog.getByLabel("Labels").inputValue(), "x".repeat(41));
});

scenario("a device is deleted after a question, by keyboard alone", async (cast) => {
  const hub = await cast.hub();
  await make(hub, [{ id: "boiler-7" }, { id: "pump-1" }]);
  const panel = await cast.panel("/");
  const { keyboard } = panel.page;
  const focused = () => panel.page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent?.trim());
  const tabTo = async (/** @type {string} */ name) => {
    for (let steps = 0; steps < 40 && (await focused()) !== name; steps++) await keyboard.press("Tab");
    assert.equal(await focused(), name);
  };
  await rows(panel).first().waitFor();
  await eventually("the buttons of the rows", () => rows(panel).getByRole("button").first().isVisible());
  const dialog = panel.page.getByRole("dialog");
  await tabTo("Edit boiler-7");
  await keyboard.press("Enter");
  // It is loaded when it is wanted first.
  await dialog.waitFor();
  await tabTo("Delete this device …");
  await keyboard.press("Enter");
  await dialog.getByText("Delete boiler-7 for good?").waitFor();
  // The harmless answer is the one that Enter gives.
  assert.equal(await focused(), "Keep it");
  await keyboard.press("Enter");
  await tabTo("Delete this device …");
  await keyboard.press("Enter");
  await tabTo("Delete boiler-7");
  await keyboard.press("Enter");
  await eventually("the row to go", async () => (await rows(panel).count()) === 1);
  await panel.reads(rows(panel), "pump-1");
  assert.equal((await hub.fetch("/api/devices/boiler-7")).status, 404);
});

scenario("a device is given a new token, which is shown once, and all of them are taken back", async (cast) => {
  const hub = await cast.hub();
  await make(hub, [{ id: "boiler-7" }]);
  const panel = await cast.panel("/devices/boiler-7");
  const edit = panel.component("device-header").getByRole("button", { name: "Edit name and labels" });
  const dialog = panel.page.getByRole("dialog");
  const open = async () => {
    await edit.click();
    await dialog.getByRole("button", { name: "Token …" }).click();
  };
  await open();
  await dialog.getByRole("button", { name: "Make a new token" }).click();
  const shown = dialog.getByLabel("New token");
  await eventually("the new token", async () => /^gl_device_/.test(await shown.inputValue()));
  const token = await shown.inputValue();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const sends = async () => (await hub.fetch("/api/devices/boiler-7/samples", { method: "POST", headers, body: '{"n":1}' })).status;
  assert.equal(await sends(), 204);
  await panel.page.keyboard.press("Escape");
  await open();
  assert.equal(await shown.inputValue(), "", "it is shown once");
  await dialog.getByRole("button", { name: "Take its tokens back" }).click();
  await panel.reads(dialog.getByRole("status"), "Its tokens are taken back.");
  assert.notEqual(await sends(), 204);
});

scenario("an empty list shows a program in each language, with what this hub asks for, by keyboard alone", async (cast) => {
  const hub = await cast.hub();
  const panel = await cast.panel("/");
  const list = panel.component("device-list");
  await panel.reads(list, "No device yet");
  const languages = list.getByRole("group", { name: "Language" });
  const first = languages.getByRole("radio", { name: "Shell" });
  assert.ok(await first.isChecked());
  await first.focus();
  const [, port] = hub.ready.lines.split(":");
  const ways = { Shell: `nc 127.0.0.1 ${port}`, Python: `tcp://${hub.ready.lines}`, JavaScript: `tcp://${hub.ready.lines}`, Rust: `tcp://${hub.ready.lines}`, C: `"127.0.0.1", "${port}"`, Arduino: `"127.0.0.1", ${port}` };
  await panel.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  for (const [language, way] of Object.entries(ways)) {
    assert.ok(await languages.getByRole("radio", { name: language, exact: true }).isChecked(), language);
    const program = list.locator("code:visible");
    assert.equal(await program.count(), 1, "one language at a time");
    const text = await program.innerText();
    assert.ok(text.includes(way) && text.includes(hub.ready.join), text);
    assert.ok(text.trimEnd().split("\n").length <= 15, `${language} is longer than 15 lines`);
    // The word stands there for a moment only: it is waited for before it is there.
    await Promise.all([list.getByRole("button", { name: "Copied" }).waitFor(), list.getByRole("button", { name: "Copy" }).click()]);
    assert.equal((await panel.page.evaluate(() => navigator.clipboard.readText())).trim(), text.trim());
    await languages.getByRole("radio", { name: language, exact: true }).focus();
    await panel.page.keyboard.press("ArrowRight");
  }
  await cast.device("boiler-7").join();
  await panel.reads(list, /boiler-7[^]*Connect another device/);
  assert.equal(await list.locator("code:visible").count(), 0);
});
