// What a device told its program, to be waited for.

import { afterEach } from "node:test";
import { inTime } from "../../../../e2e/deadline.js";
import { Device } from "../../src/node.js";

/** @type {Device[]} */
const devices = [];

// One that a failed test left would go on for ever.
afterEach(() => Promise.all(devices.splice(0).map((device) => device.close())));

/** A device that notes what it is told. @param {import("../../src/device.js").DeviceSettings} settings */
export function telling(settings) {
  /** @type {string[]} */
  const reports = [];
  const device = new Device({ id: "pump-1", report: (words) => reports.push(words), ...settings });
  devices.push(device);
  const connected = new Told("to be connected");
  const disconnected = new Told("to be disconnected");
  device.onConnected((resumed) => connected.tell(resumed));
  device.onDisconnected((reason) => disconnected.tell(reason.code));
  return { device, connected, disconnected, reports };
}

export class Told {
  #what;
  /** @type {any[]} */
  #all = [];
  #wake = () => {};

  /** @param {string} what */
  constructor(what) {
    this.#what = what;
  }

  /** @param {unknown} it */
  tell(it) {
    this.#all.push(it);
    this.#wake();
  }

  async next() {
    while (this.#all.length === 0) {
      await inTime(this.#what, new Promise((resolve) => (this.#wake = () => resolve(undefined))));
    }
    return this.#all.shift();
  }
}
