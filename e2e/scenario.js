// A scenario is a test with a cast: hubs, devices and panels that leave the stage at its end, whatever happened.

import { after, test } from "node:test";
import { reachChromium } from "./chromium.js";
import { Device } from "./device.js";
import { Disk } from "./disk.js";
import { Gateway, makeGateway } from "./gateway.js";
import { Hub } from "./hub.js";
import { Panel } from "./panel.js";
import { Reader } from "./reader.js";
import { Shell } from "./shell.js";

/** A scenario that takes longer hangs, ms. */
const SCENARIO_MS = 300_000;

/** @type {Promise<import("playwright-core").Browser> | undefined} */
let browser;
after(async () => (await browser)?.close());

export class Cast {
  /** @type {Hub[]} */
  hubs = [];
  /** @type {Gateway[]} */
  gateways = [];
  /** @type {Device[]} */
  devices = [];
  /** @type {Panel[]} */
  panels = [];
  /** @type {Shell[]} */
  shells = [];
  /** @type {Reader[]} */
  readers = [];
  /** @type {Disk[]} */
  disks = [];
  /** Whatever else has to end. @type {{end: () => unknown}[]} */
  others = [];

  /** Has something end with the scenario. @template {{end: () => unknown}} T @param {T} other */
  with(other) {
    this.others.push(other);
    return other;
  }

  /** Starts a hub. @param {ConstructorParameters<typeof Hub>[0]} [options] */
  async hub(options) {
    const hub = new Hub(options);
    this.hubs.push(hub);
    return hub.start();
  }

  /** Starts a gateway before the hub, which makes it first. @param {string} id @param {Hub} [hub] */
  async gateway(id, hub = this.hubs[0]) {
    const gateway = new Gateway();
    this.gateways.push(gateway);
    await gateway.start(hub, id, await makeGateway(hub, id));
    return gateway;
  }

  /** A device of that hub which connects to a gateway before it. @param {string} id @param {Gateway} gateway @param {Hub} [hub] */
  deviceBehind(id, gateway, hub = this.hubs[0]) {
    const device = new Device(gateway.lines, id, hub.ready.join);
    this.devices.push(device);
    return device;
  }

  /** A device of the hub (the first one unless told), not yet connected. @param {string} id @param {Hub} [hub] */
  device(id, hub = this.hubs[0]) {
    const device = new Device(hub.ready.lines, id, hub.ready.join);
    this.devices.push(device);
    return device;
  }

  /** Opens a page of the hub in a browser context of its own. @param {string} path @param {import("./panel.js").Look} [look] */
  async panel(path, look, hub = this.hubs[0]) {
    const panel = await this.stranger(look, hub);
    await panel.open(path);
    return panel;
  }

  /** A browser that has not opened any page yet. @param {import("./panel.js").Look} [look] */
  async stranger(look, hub = this.hubs[0]) {
    browser ??= reachChromium();
    const panel = await Panel.blank(await browser, hub, look);
    this.panels.push(panel);
    return panel;
  }

  /** A panel without a browser that watches a device. @param {string} device */
  async reader(device, hub = this.hubs[0]) {
    const reader = await Reader.open(hub);
    this.readers.push(reader);
    reader.say({ watch: [device] });
    return reader;
  }

  /** The disk of a hub fails, until it is mended. */
  async brokenDisk(hub = this.hubs[0]) {
    const disk = new Disk(hub);
    this.disks.push(disk);
    await disk.failed();
    return disk;
  }

  /** Pastes a line into a terminal. @param {string} line */
  shell(line) {
    const shell = new Shell(line);
    this.shells.push(shell);
    return shell;
  }

  /** Says what there is to see when a scenario failed. @param {string} title */
  async report(title) {
    for (const [index, panel] of this.panels.entries()) {
      const picture = await panel.picture(`${title}-${index + 1}`).catch((error) => `none: ${error.message}`);
      console.error(`${title}: panel ${index + 1} at ${panel.page.url()}: ${picture}`);
      for (const problem of panel.problems()) console.error(`  ${problem}`);
    }
    for (const hub of this.hubs) console.error(`${title}: the hub said:\n${hub.log}`);
    for (const gateway of this.gateways) console.error(`${title}: the gateway said:\n${gateway.log}`);
  }

  async leave() {
    await Promise.all(this.panels.map((panel) => panel.end()));
    for (const member of [...this.devices, ...this.shells, ...this.readers, ...this.disks]) member.end();
    await Promise.all([...this.hubs, ...this.gateways, ...this.others].map((member) => member.end()));
  }
}

/**
 * @param {string} title  what holds when it passes
 * @param {(cast: Cast) => Promise<void>} play
 */
export function scenario(title, play) {
  test(title, { timeout: SCENARIO_MS }, async () => {
    const cast = new Cast();
    try {
      await play(cast);
      const problems = cast.panels.flatMap((panel) => panel.problems());
      if (problems.length > 0) throw new Error(`the page complained: ${problems.join("\n")}`);
    } catch (error) {
      await cast.report(title);
      throw error;
    } finally {
      await cast.leave();
    }
  });
}
