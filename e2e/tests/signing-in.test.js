// Who may look and who may press: the link is good once, and other web pages get nothing.

import assert from "node:assert/strict";
import { request } from "node:http";
import { scenario } from "../scenario.js";

scenario("without a login there is no page and no data", async (cast) => {
  const { ready } = await cast.hub();
  for (const path of ["/api/devices", "/api/panels", "/views/weather", "/devices/x"]) {
    const answer = await fetch(ready.http + path, { redirect: "manual" });
    assert.ok([302, 303, 401].includes(answer.status), `${path}: ${answer.status}`);
    assert.doesNotMatch(await answer.text(), /data-component/, path);
  }
  assert.equal((await fetch(`${ready.http}/healthz`)).status, 200);
});

scenario("the login link is good for one use", async (cast) => {
  const { ready } = await cast.hub();
  const first = await fetch(ready.link, { redirect: "manual" });
  assert.ok([302, 303].includes(first.status), `${first.status}`);
  const cookie = first.headers.get("set-cookie") ?? "";
  assert.match(cookie, /HttpOnly/i);
  assert.match(cookie, /SameSite=Strict/i);
  const second = await fetch(ready.link, { redirect: "manual" });
  assert.equal(second.headers.get("set-cookie"), null);
  assert.ok(second.status >= 400, `${second.status}`);
});

scenario("who is not signed in is told how, and gets to where they wanted to", async (cast) => {
  const hub = await cast.hub();
  const panel = await cast.stranger();
  panel.expect(/401/);
  await panel.page.goto(`${hub.ready.http}/status`);
  await panel.page.getByLabel(/token/i).fill(hub.ready.token);
  await panel.page.keyboard.press("Enter");
  await panel.page.waitForURL(/\/status$/);
  await panel.connected();
});

scenario("a page of another origin gets no ticket and sends no command", async (cast) => {
  const hub = await cast.hub();
  await cast.panel("/");
  const [{ name, value }] = hub.login.cookies;
  const cookie = `${name}=${value}`;
  const own = await fetch(`${hub.ready.http}/api/ticket`, { method: "POST", headers: { cookie, origin: hub.ready.http } });
  assert.equal(own.status, 200);
  const other = { cookie, origin: "http://evil.example" };
  for (const path of ["/api/ticket", "/api/devices/x/commands", "/api/devices"]) {
    const answer = await fetch(hub.ready.http + path, { method: "POST", headers: other, body: "{}" });
    assert.equal(answer.status, 403, path);
  }
});

scenario("a name that was pointed at us gains nothing", async (cast) => {
  const { ready } = await cast.hub();
  const { hostname, port } = new URL(ready.http);
  const status = await new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path: "/", headers: { host: "evil.example" } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on("error", reject);
    asked.end();
  });
  assert.equal(status, 403);
});

scenario("a device with a wrong token is told so and sent away for good", async (cast) => {
  await cast.hub();
  const device = cast.device("thief-1");
  device.token = "not-a-token";
  await device.connect();
  device.send({ identify: device.id, token: device.token });
  const bye = await device.next("bye");
  assert.deepEqual([bye.bye, bye.again], ["auth", "never"]);
  await device.dropped();
});
