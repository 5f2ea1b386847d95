// People: the first administrator, accounts made by forms, what each may see, and a password that ends what was open.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { scenario } from "../scenario.js";
import { BINARY } from "../hub.js";
import { eventually } from "../deadline.js";

const PASSWORD = "copper kettle sings";
const PHONE = { width: 390, height: 844 };

/** Makes the first administrator on the page that the printed link leads to. @param {import("../panel.js").Panel} panel @param {import("../hub.js").Hub} hub */
async function begin(panel, hub) {
  await panel.page.goto(`${hub.ready.link}?to=/account/first`);
  await panel.page.getByLabel("Name").fill("ada");
  await panel.page.getByLabel("Password").fill(PASSWORD);
  await panel.page.getByLabel("Once more").fill(PASSWORD);
  await panel.page.getByRole("button", { name: "Make the account" }).click();
  await panel.page.waitForURL(/\/account\?done=first$/);
}

/** Logs in by name and password. @param {import("../panel.js").Panel} panel @param {import("../hub.js").Hub} hub @param {string} name */
async function logIn(panel, hub, name, password = PASSWORD) {
  await panel.page.goto(`${hub.ready.http}/login`);
  await panel.page.getByLabel("Name").fill(name);
  await panel.page.getByLabel("Password", { exact: true }).fill(password);
  await panel.page.keyboard.press("Enter");
}

/** Makes a person as the administrator's token. @param {import("../hub.js").Hub} hub @param {string} name @param {object[]} rules */
async function make(hub, name, rules) {
  const answer = await hub.fetch(`/api/people/${name}`, { method: "PUT", body: JSON.stringify({ password: PASSWORD, rules }) });
  assert.equal(answer.status, 201, await answer.text());
}

scenario("the first link makes an administrator, who makes a person and says what they may", async (cast) => {
  const hub = await cast.hub();
  await eventually("the link is printed", () => /Log in +http.*\?to=\/account\/first/.test(hub.printed));
  await cast.device("pump-1").join();
  await cast.device("boiler-1").join();
  const ada = await cast.stranger();
  await begin(ada, hub);
  await ada.page.getByText("This is your account").waitFor();

  await ada.page.goto(`${hub.ready.http}/people`);
  const form = ada.page.getByRole("region", { name: "Make a person" });
  await form.getByLabel("Name").fill("bob");
  await form.getByLabel("New password").fill(PASSWORD);
  await form.getByLabel("Once more").fill(PASSWORD);
  await form.getByRole("button").click();
  await ada.page.waitForURL(/\/people\/bob\?done=made$/);
  const rule = ada.page.getByRole("group", { name: "Rule 1" });
  await rule.getByLabel("See").check();
  await rule.getByLabel("Devices, by id").fill("pump-*");
  await ada.page.getByRole("button", { name: "Save" }).click();
  await ada.page.getByText("It counts from now on").waitFor();
  assert.equal(await ada.page.getByRole("group", { name: "Rule 1" }).getByLabel("Devices, by id").inputValue(), "pump-*");

  const bob = await cast.stranger({ window: PHONE, theme: "dark" });
  await logIn(bob, hub, "bob");
  await bob.connected();
  await bob.page.getByRole("link", { name: /pump-1/ }).first().waitFor();
  assert.equal(await bob.page.getByText("boiler-1").count(), 0, "what one may not see is nowhere");
  bob.expect(/403/);
  const refused = await bob.page.goto(`${hub.ready.http}/people`);
  assert.equal(refused?.status(), 403);
  await bob.page.getByText("may not see this page").waitFor();
});

scenario("an account without any right is told so by a page, and still has its own", async (cast) => {
  const hub = await cast.hub();
  await make(hub, "eve", []);
  const eve = await cast.stranger();
  eve.expect(/403/);
  await logIn(eve, hub, "eve");
  await eve.page.getByText("may not see this page").waitFor();
  await eve.page.getByRole("link", { name: "Account" }).click();
  await eve.page.getByRole("button", { name: "Log out" }).waitFor();
  assert.equal(await eve.page.locator('[data-role="banner"]').isVisible(), false, "nobody says that eve is logged out");
});

scenario("a wrong password is told on the page, and no browser asks by itself", async (cast) => {
  const hub = await cast.hub();
  await make(hub, "ada", [{ scopes: ["view"], devices: ["*"] }]);
  const ada = await cast.stranger();
  ada.expect(/401/);
  await logIn(ada, hub, "ada", "wrong");
  await ada.page.getByRole("alert").getByText("Name or password is wrong").waitFor();
  assert.equal(await ada.page.getByLabel("Name").inputValue(), "ada");
  const basic = `Basic ${btoa("ada:wrong")}`;
  const answer = await fetch(`${hub.ready.http}/api/token`, { method: "POST", headers: { authorization: basic } });
  assert.deepEqual([answer.status, answer.headers.get("www-authenticate")], [401, null]);
});

scenario("a new password closes the open panels of that person, and a login that is ended closes its own", async (cast) => {
  const hub = await cast.hub();
  await make(hub, "ada", [{ scopes: ["view"], devices: ["*"], views: ["*"] }]);
  const [first, second] = [await cast.stranger(), await cast.stranger()];
  for (const panel of [first, second]) {
    await logIn(panel, hub, "ada");
    await panel.connected();
  }
  second.expect(/401/);
  await first.page.goto(`${hub.ready.http}/account`);
  await first.page.getByLabel("The password now").fill(PASSWORD);
  await first.page.getByLabel("New password").fill("eleven grey geese");
  await first.page.getByLabel("Once more").fill("eleven grey geese");
  await first.page.getByRole("button", { name: "Set the password" }).click();
  await first.page.getByText("The password is set").waitFor();
  await second.page.locator('[data-role="connection"][data-state="signed-out"]').waitFor({ state: "attached" });
  await first.connected();
  assert.equal((await hub.json("/api/tokens")).filter((/** @type {any} */ one) => one.user === "ada").length, 1);
});

scenario("the last administrator is told why nothing was changed", async (cast) => {
  const hub = await cast.hub();
  const ada = await cast.stranger({ window: PHONE });
  await begin(ada, hub);
  await ada.page.goto(`${hub.ready.http}/people/ada`);
  await ada.page.getByRole("group", { name: "Rule 1" }).getByLabel(/administrator/).uncheck();
  ada.expect(/400/);
  await ada.page.getByRole("button", { name: "Save" }).click();
  await ada.page.getByRole("alert").getByText("last administrator").waitFor();
});

scenario("the pages of accounts are as wide as their window, and read well to everybody", async (cast) => {
  const hub = await cast.hub();
  await make(hub, "ada.with-a-rather-long-name@example.org", [{ scopes: ["view", "command"], devices: ["pump-*", "boiler-with-a-long-name-7"], views: ["*"] }]);
  await hub.fetch("/api/groups/night-shift", { method: "PUT", body: JSON.stringify({ rules: [{ scopes: ["view"], devices: ["*"] }] }) });
  for (const look of [{ window: PHONE, theme: /** @type {const} */ ("dark") }, { theme: /** @type {const} */ ("light") }]) {
    const panel = await cast.panel("/people", look);
    for (const path of ["/people", "/people/ada.with-a-rather-long-name@example.org", "/people/groups/night-shift", "/account"]) {
      await panel.go(path);
      assert.deepEqual(await panel.overflow(), [], path);
    }
    for (const path of ["/login", "/account/first"]) {
      await panel.page.goto(hub.ready.http + path);
      assert.deepEqual(await panel.overflow(), [], path);
    }
  }
});

scenario("accounts are made, listed and changed from a terminal", async (cast) => {
  const hub = await cast.hub();
  /** @param {string[]} words @param {string} input @returns {Promise<{code: number | null, out: string, err: string}>} */
  const run = (words, input = "") =>
    new Promise((resolve) => {
      const program = spawn(BINARY, [...words, "--state", hub.state]);
      let [out, err] = ["", ""];
      program.stdout.on("data", (text) => (out += text));
      program.stderr.on("data", (text) => (err += text));
      program.on("close", (code) => resolve({ code, out, err }));
      program.stdin.end(input);
    });
  assert.equal((await run(["person", "add", "ada", "--admin"], `${PASSWORD}\n`)).code, 0);
  const twice = await run(["person", "add", "ada", "--admin"], `${PASSWORD}\n`);
  assert.deepEqual([twice.code, /there is “ada” already/.test(twice.err)], [1, true], twice.err);
  const made = await run(["person", "add", "bob", "--may", "view,command:pump-*:plant", "--generate"]);
  assert.deepEqual([made.code, made.out.trim().length >= 12], [0, true], made.err);
  assert.match((await run(["person", "list"])).out, /bob .*view,command:pump-\*:plant/);
  const last = await run(["person", "set", "ada", "--no-rules"]);
  assert.deepEqual([last.code, /last administrator/.test(last.err)], [1, true], last.err);
  assert.equal((await run(["person", "remove", "bob"])).code, 0);
  const link = (await run(["login-link"])).out.trim();
  const opened = await fetch(link, { redirect: "manual" });
  assert.equal(opened.status, 303);
  await eventually("the list is short again", async () => (await hub.json("/api/people")).length === 1);
});
