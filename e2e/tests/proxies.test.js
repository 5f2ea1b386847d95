// Behind a proxy, under a path: a page works there as it does by itself, and so do devices and gateways.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Device } from "../../clients/js/src/node.js";
import { Authority } from "../certificate.js";
import { eventually } from "../deadline.js";
import { BASE, caddy, has, nginx, small } from "../proxy.js";
import { scenario } from "../scenario.js";

/** @typedef {import("../scenario.js").Cast} Cast */

const FILES = {
  "glassline.toml": `[proxy]\ntrusted = ["127.0.0.1"]\nbase_path = "${BASE}"\n`,
  "views/plant.toml":
    'title = "Plant"\ndevice = "tank-1"\n[[component]]\nkind = "value"\nchannel = "level"\n[[component]]\nkind = "chart"\nchannel = "level"\n' +
    '[[component]]\nkind = "button"\nchannel = "fill"\nlabel = "Fill"\n',
  "views/own.html":
    '<p><a href="/views/plant">The whole plant</a></p><div data-component="value" data-device="tank-1" data-channel="level"></div>',
};

/**
 * @param {Cast} cast
 * @param {(hub: import("../hub.js").Hub) => Promise<import("../proxy.js").Proxy>} show
 * @param {string | undefined} ca  of the proxy's certificate, where it has one
 */
async function worksBehind(cast, show, ca) {
  const hub = await cast.hub({ files: FILES });
  const proxy = cast.with(await show(hub));
  const shown = { ...hub, login: undefined, ready: { ...hub.ready, http: proxy.url, link: hub.ready.link.replace(hub.ready.http + BASE, proxy.url) } };
  const panel = await cast.stranger({ trusting: true }, /** @type {any} */ (shown));
  /** @type {string[]} */
  const astray = [];
  const watch = (/** @type {string} */ address) => new URL(address).pathname.startsWith(`${BASE}/`) || astray.push(address);
  panel.page.on("request", (asked) => void (asked.url().startsWith("data:") || watch(asked.url())));
  panel.page.on("websocket", (socket) => void watch(socket.url()));

  // A device comes in by WebSocket through the proxy too.
  const address = `${proxy.url.replace(/^http/, "ws")}/device`;
  const device = cast.with(new Tank(address, hub.ready.join, ca));
  await eventually("the device is connected", () => device.connected);
  device.send(21.5);

  await panel.open("/");
  const cookies = await panel.page.context().cookies();
  assert.deepEqual(cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite })), [{ httpOnly: true, sameSite: "Strict" }]);
  const [{ name, path, secure }] = cookies;
  const port = new URL(hub.ready.http).port;
  const expected = ca ? { name: `__Host-glassline_${port}_plant`, path: "/", secure: true } : { name: `glassline_login_${port}_plant`, path: BASE, secure: false };
  assert.deepEqual({ name, path, secure }, expected);

  // Every page of the bar, and a device's own page by its link in the list.
  const links = await panel.page.locator(".nav a").evaluateAll((all) => all.map((a) => /** @type {HTMLAnchorElement} */ (a).href));
  assert.ok(links.length >= 5, `${links}`);
  for (const link of links) {
    await panel.page.goto(link);
    await panel.connected();
  }
  await panel.go("/");
  await panel.page.getByRole("link", { name: "tank-1" }).first().click();
  await panel.page.waitForURL(`${proxy.url}/devices/tank-1`);
  await panel.connected();
  await panel.go("/components/gauge");

  // A view: a value, a chart with its history, a command with its receipt.
  await panel.go("/views/plant");
  await panel.reads(panel.component("value", { channel: "level" }), "21.5");
  device.send(22.5);
  await panel.reads(panel.component("value", { channel: "level" }), "22.5");
  await panel.page.getByRole("button", { name: "Fill" }).click();
  await eventually("the device is asked", () => device.asked.includes("fill"));

  // It is saved, and the open page has the change.
  hub.save("views/plant.toml", FILES["views/plant.toml"].replace('title = "Plant"', 'title = "The big plant"'));
  await eventually("the page is renewed", async () => (await panel.page.title()).startsWith("The big plant"));
  await panel.go("/views/own");
  await panel.page.getByRole("link", { name: "The whole plant" }).click();
  await panel.page.waitForURL(`${proxy.url}/views/plant`);
  await panel.connected();

  assert.deepEqual(astray, [], "everything is asked for below the base path");
  const listed = await hub.json("/api/panels");
  const pages = JSON.stringify(listed);
  assert.match(pages, /"\/views\/plant"/, "the hub knows pages by their own path");
  assert.ok(!pages.includes(`"${BASE}/`), pages);
}

/** A device of the library for JavaScript. */
class Tank {
  /** Channels of the commands that came. @type {string[]} */
  asked = [];
  #device;

  /** @param {string} address @param {string} token @param {string | undefined} ca */
  constructor(address, token, ca) {
    const tls = ca ? { ca: readFileSync(ca) } : undefined;
    this.#device = new Device({ address, id: "tank-1", token, tls });
    this.#device.onCommand("fill", () => void this.asked.push("fill"));
    this.#device.connect();
  }

  get connected() {
    return this.#device.connected;
  }

  /** @param {number} level */
  send(level) {
    this.#device.send("level", level);
  }

  end() {
    return this.#device.close();
  }
}

scenario("behind a proxy that leaves the base path in its place everything works", (cast) =>
  worksBehind(cast, (hub) => small(hub.ready.http, { strips: false }), undefined),
);

scenario("behind a proxy that takes the base path away everything works", (cast) =>
  worksBehind(cast, (hub) => small(hub.ready.http, { strips: true }), undefined),
);

for (const [program, show] of /** @type {const} */ ([["nginx", nginx], ["caddy", caddy]])) {
  const title = `behind ${program}, with its example of deploy/proxy, everything works over TLS`;
  if (!has(program)) {
    test(title, { skip: `${program} is not installed` }, () => {});
    continue;
  }
  scenario(title, (cast) => {
    const authority = cast.with(new Authority());
    return worksBehind(cast, (hub) => show(hub.ready.http, authority.sign()), authority.file);
  });
}
