// Who may see what and drive it: two people, one page, and a right that is withdrawn while the page is open.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const PASSWORD = "four sober otters sing";

/** Asks the API as whoever owns the machine. @param {any} hub @param {string} method @param {string} path @param {object} [body] */
async function ask(hub, method, path, body) {
  const headers = { "content-type": "application/json" };
  const answer = await hub.fetch(path, { method, headers, body: body ? JSON.stringify(body) : undefined });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
}

/** Gives a person other rules. @param {any} hub @param {string} name @param {unknown[]} rules */
function person(hub, name, rules) {
  return ask(hub, "PUT", `/api/people/${name}`, { rules });
}

/** A browser in which that person has logged in, at a page. @param {any} cast @param {any} hub @param {string} name @param {string} path */
async function logIn(cast, hub, name, path) {
  const panel = await cast.stranger();
  panel.expect(/401/);
  await panel.page.goto(hub.ready.http + path);
  await panel.page.getByLabel("Name").fill(name);
  await panel.page.getByLabel("Password").fill(PASSWORD);
  await panel.page.keyboard.press("Enter");
  await panel.connected();
  return panel;
}

/** A hub with two devices that can be seen and one that is commanded, and two people who may both. @param {any} cast */
async function stage(cast) {
  const hub = await cast.hub();
  const devices = [];
  for (const id of ["pump-1", "tank-1"]) {
    const device = cast.device(id);
    await device.join();
    device.send({ describe: { fan: { input: "switch" } } });
    await device.deliver({ temperature: 21.5, fan: true });
    devices.push(device);
  }
  const all = [{ scopes: ["view", "command"], devices: ["pump-1", "tank-1"], views: [] }];
  for (const name of ["ada", "bob"]) await ask(hub, "PUT", `/api/people/${name}`, { password: PASSWORD, rules: all });
  return { hub, pump: devices[0], tank: devices[1] };
}

scenario("what may no longer be seen is gone from an open page, and the other person's page goes on", async (cast) => {
  const { hub, pump } = await stage(cast);
  const ada = await logIn(cast, hub, "ada", "/devices/pump-1");
  const bob = await logIn(cast, hub, "bob", "/devices/pump-1");
  const value = ada.component("value", { channel: "temperature" });
  await ada.reads(value, "21.5");
  ada.expect(/404/);
  await person(hub, "ada", [{ scopes: ["view"], devices: ["tank-1"], views: [] }]);
  await eventually("the value is gone", async () => !(await value.allInnerTexts()).join().includes("21.5"));
  await pump.deliver({ temperature: 33.25 });
  await bob.reads(bob.component("value", { channel: "temperature" }), "33.25");
  assert.doesNotMatch(await ada.page.content(), /33\.25/);
  await ada.reads(ada.page.locator("main"), /no device/i);

  const again = await ada.page.context().request.get(`${hub.ready.http}/devices/pump-1`, { headers: { accept: "text/html" } });
  assert.equal(again.status(), 404);
  await ada.go("/");
  await ada.reads(ada.component("device-list"), "tank-1");
  assert.doesNotMatch(await ada.page.locator("main").innerText(), /pump-1/);
});

scenario("a control is locked, with the reason, while the device may only be seen, and is unlocked with the right", async (cast) => {
  const { hub } = await stage(cast);
  const ada = await logIn(cast, hub, "ada", "/devices/pump-1");
  const part = ada.component("switch", { channel: "fan" });
  const fan = part.getByRole("switch");
  await eventually("the switch can be used", () => fan.isEnabled());
  await person(hub, "ada", [{ scopes: ["view"], devices: ["*"], views: [] }]);
  await eventually("the switch cannot be used", () => fan.isDisabled());
  await ada.reads(part, "You may look, not command");
  await ada.go("/devices/pump-1");
  await ada.reads(part, "You may look, not command");
  assert.ok(await fan.isDisabled());
  await person(hub, "ada", [{ scopes: ["view", "command"], devices: ["pump-1"], views: [] }]);
  await eventually("the switch can be used again", () => fan.isEnabled());
});

scenario("a person who is removed has no open page any more, and lists have what may be seen alone", async (cast) => {
  const { hub } = await stage(cast);
  await person(hub, "ada", [{ scopes: ["view"], devices: ["pump-*"], views: [] }]);
  const ada = await logIn(cast, hub, "ada", "/");
  await ada.reads(ada.component("device-list"), "pump-1");
  assert.doesNotMatch(await ada.page.locator("main").innerText(), /tank-1/);
  ada.expect(/401/);
  await ask(hub, "DELETE", "/api/people/ada");
  await ada.page.locator('[data-role="connection"][data-state="signed-out"]').waitFor({ state: "attached" });
});
