// Over TLS of the hub's own: pages, panels, devices and gateways; a certificate that becomes another one; and who can reach what.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { Device } from "../../clients/js/src/node.js";
import { Authority } from "../certificate.js";
import { eventually, inTime, SOON_MS } from "../deadline.js";
import { Gateway, makeGateway } from "../gateway.js";
import { scenario } from "../scenario.js";

const PYTHON = join(import.meta.dirname, "../../clients/python");

const TOML =
  '[https]\naddress = "127.0.0.1:0"\ncertificate = "hub.pem"\nkey = "hub.key"\n' +
  '[tls]\nlines = "127.0.0.1:0"\ncertificate = "hub.pem"\nkey = "hub.key"\n';

/** A hub that speaks TLS. @param {import("../scenario.js").Cast} cast */
async function secured(cast) {
  const authority = cast.with(new Authority());
  const [certificate, key] = authority.sign().texts;
  const view = 'title = "Plant"\ndevice = "tank-1"\n[[component]]\nkind = "value"\nchannel = "level"\n';
  const hub = await cast.hub({ files: { "glassline.toml": TOML, "hub.pem": certificate, "hub.key": key, "views/plant.toml": view } });
  const { https, tls } = /** @type {any} */ (hub.ready);
  const shown = /** @type {any} */ ({ login: undefined, ready: { ...hub.ready, http: https, link: hub.ready.link.replace(hub.ready.http, https) } });
  return { authority, hub, https, tls, shown };
}

scenario("a page, its panel and its login work over TLS", async (cast) => {
  const { hub, shown } = await secured(cast);
  const panel = await cast.stranger({ trusting: true }, shown);
  await panel.open("/views/plant");
  const device = cast.device("tank-1");
  await device.joinPlain();
  device.send({ level: 21.5 });
  await panel.reads(panel.component("value", { channel: "level" }), "21.5");
  const [cookie] = await panel.page.context().cookies();
  assert.match(cookie.name, /^__Host-glassline_/);
  assert.ok(cookie.secure && cookie.httpOnly && cookie.sameSite === "Strict" && cookie.path === "/");
  const listed = await hub.json("/api/panels");
  assert.equal(JSON.stringify(listed).match(/"page":"\/views\/plant"/g)?.length, 1);
});

scenario("devices in JavaScript and in Python come in by wss:// and tls://, and trust no other authority", async (cast) => {
  const { authority, hub, https, tls } = await secured(cast);
  const ca = authority.file;
  const addresses = { wss: `${https.replace("https", "wss")}/device`, tls: `tls://${tls}` };
  for (const [how, address] of Object.entries(addresses)) {
    const device = new Device({ address, id: `js-${how}`, token: hub.ready.join, tls: { ca: readFileSync(ca) } });
    cast.with({ end: () => device.close() });
    device.connect();
    device.send("level", 1.5);
    assert.ok(await device.flush(SOON_MS), `${how}: the hub has it`);
    const script =
      "import sys, ssl, glassline\naddress, id, token, ca = sys.argv[1:]\n" +
      "with glassline.Device(address, id, token, tls=ssl.create_default_context(cafile=ca)) as device:\n" +
      "    device.send('level', 2.5)\n    sys.exit(0 if device.flush(30) else 1)\n";
    const program = spawn("python3", ["-c", script, address, `python-${how}`, hub.ready.join, ca], { cwd: PYTHON, stdio: ["ignore", "inherit", "inherit"] });
    const [code] = await inTime("the end of the program", once(program, "close"), 2 * SOON_MS);
    assert.equal(code, 0, how);
    const stranger = new Device({ address, id: `stranger-${how}`, token: hub.ready.join });
    cast.with({ end: () => stranger.close() });
    stranger.connect();
    stranger.send("level", 3.5);
    assert.ok(!(await stranger.flush(1_000)), "whose certificate is not known is told nothing");
  }
  const devices = (await hub.json("/api/devices")).map((/** @type {any} */ { id }) => id).sort();
  assert.deepEqual(devices, ["js-tls", "js-wss", "python-tls", "python-wss"]);
});

scenario("a gateway brings its devices over wss://", async (cast) => {
  const { authority, hub, https } = await secured(cast);
  const gateway = new Gateway();
  cast.gateways.push(gateway);
  await gateway.start(hub, "barn", await makeGateway(hub, "barn"), { url: `${https.replace("https", "wss")}/uplink`, ca: authority.file });
  const device = cast.deviceBehind("tank-1", gateway);
  await device.joinPlain();
  device.send({ level: 7.5 });
  await eventually("the hub has what the device said", async () => {
    const { channels } = await hub.json("/api/devices/tank-1");
    return JSON.stringify(channels).includes("7.5");
  });
});

scenario("another certificate counts for those who come then, and nobody is disconnected", async (cast) => {
  const { authority, hub, https, shown } = await secured(cast);
  const panel = await cast.stranger({ trusting: true }, shown);
  await panel.open("/views/plant");
  await panel.page.evaluate(() => {
    const seen = /** @type {any} */ (window);
    const connection = document.querySelector('[data-role="connection"]');
    new MutationObserver(() => (seen.broke ||= connection?.getAttribute("data-state") !== "connected")).observe(/** @type {Node} */ (connection), { attributes: true });
  });
  const before = await shownAt(https);
  const { texts, serial } = authority.sign();
  assert.notEqual(before, serial);
  hub.save("hub.key", "half a ke");
  await eventually("the log says why not", () => hub.log.includes("cannot be taken over"));
  assert.equal(await shownAt(https), before, "what was good is still shown");
  hub.save("hub.pem", texts[0], { by: "rename" });
  hub.save("hub.key", texts[1], { by: "rename" });
  await eventually("the new one is shown", async () => (await shownAt(https)) === serial);
  await eventually("the log says so", () => hub.log.includes("took over a new certificate"));
  const device = cast.device("tank-1");
  await device.joinPlain();
  device.send({ level: 3.5 });
  await panel.reads(panel.component("value", { channel: "level" }), "3.5");
  assert.equal(await panel.page.evaluate(() => /** @type {any} */ (window).broke), undefined);
});

scenario("plain HTTP at the port for TLS is led there, and what shows a credential is told", async (cast) => {
  const { https } = await secured(cast);
  const { host } = new URL(https);
  const led = await said(host, `GET /views/a?x=1 HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  assert.match(led, /^HTTP\/1.1 308 /);
  assert.ok(led.toLowerCase().includes(`location: https://${host}/views/a?x=1\r\n`), led);
  const told = await said(host, `GET /api/devices HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer x\r\n\r\n`);
  assert.match(told, /^HTTP\/1.1 400 /);
  assert.match(told, /This port speaks TLS/);
});

scenario("at its start a hub says what listens and who can reach it", async (cast) => {
  const { hub, https, tls } = await secured(cast);
  const { http, lines } = hub.ready;
  await eventually("it is said", () => hub.printed.includes("Log in"));
  const table = hub.printed.split("\nState")[0].split("\n").map((line) => line.replace(/ {2,}/g, " | ").replace(/^ \| /, ""));
  assert.deepEqual(table, [
    `Listens | ${http} | pages, API, sockets | this machine`,
    `${https} | pages, API, sockets | this machine`,
    `${lines} | device lines | this machine`,
    `${tls} | device lines, TLS | this machine`,
  ]);
});

/** The serial number of the certificate that is shown there. @param {string} address @returns {Promise<string>} */
async function shownAt(address) {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
  await inTime("TLS", once(socket, "secureConnect"));
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

/** What is answered to these bytes. @param {string} host @param {string} bytes */
async function said(host, bytes) {
  const [name, port] = host.split(":");
  const socket = connectPlain({ host: name, port: Number(port) });
  let text = "";
  socket.on("data", (piece) => (text += piece));
  socket.on("error", () => {}); // who is answered before all was read is cut: the answer is there
  socket.write(bytes);
  await inTime("the end of the connection", once(socket, "close"));
  return text;
}
