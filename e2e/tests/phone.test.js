// The JavaScript library in a browser: a page of the hub's own origin as a device. The page is the hub's, under its content policy; only
// the files of the library are put beside it by the test.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const LIBRARY = join(import.meta.dirname, "../../clients/js/src");
/** What somebody would write for a phone. */
const PROGRAM = `import { Device } from "./glassline/browser.js";
const device = new Device({ address: \`ws://\${location.host}\`, id: "phone-1", token: "TOKEN" });
device.describe({ tilt: { unit: "°" }, torch: { input: "switch" } });
device.onCommand("torch", (on) => ({ torch: on }));
device.connect();
globalThis.device = device;
`;

scenario("a page of the hub is a device: what it sends arrives, it obeys, and loses nothing when the hub is gone for a while", async (cast) => {
  const hub = await cast.hub();
  const panel = await cast.panel("/");
  panel.expect(/WebSocket|Failed to (load|fetch)|ERR_/);
  const { page } = panel;
  await page.route(`${hub.ready.http}/phone/**`, (/** @type {any} */ route) => {
    const file = new URL(route.request().url()).pathname.slice("/phone/".length);
    const body = file === "phone.js" ? PROGRAM.replace("TOKEN", hub.ready.join) : readFileSync(join(LIBRARY, file.replace("glassline/", "")), "utf8");
    return route.fulfill({ contentType: "text/javascript", body });
  });
  await page.evaluate('import("/phone/phone.js")');
  const does = (/** @type {string} */ words) => page.evaluate(`globalThis.device?.${words}`);
  await eventually("it is connected", async () => (await does("connected")) === true);

  const send = async (/** @type {number} */ from, /** @type {number} */ to) => {
    for (let n = from; n <= to; n++) assert.equal(await does(`send("tilt", ${n})`), true);
  };
  await send(1, 20);
  const body = JSON.stringify({ command: "c-torch", channel: "torch", value: true });
  await hub.fetch("/api/devices/phone-1/commands", { method: "POST", body });
  await eventually("it obeys", async () => (await hub.json("/api/devices/phone-1/commands/c-torch")).state === "done");

  await hub.stop("SIGKILL");
  await eventually("it knows", async () => (await does("connected")) === false);
  await send(21, 40);
  await hub.start();
  await eventually("the hub has all of it", async () => (await does("queued")) === 0, 40_000);
  const answer = await hub.fetch("/api/devices/phone-1/channels/tilt/samples?format=ndjson");
  const values = (await answer.text()).split("\n").filter(Boolean).map((line) => JSON.parse(line).value);
  assert.deepEqual(values, Array.from({ length: 40 }, (_, at) => at + 1));
  assert.equal((await hub.json("/api/devices/phone-1")).describe.tilt.unit, "°");
  await does("close()");
});
