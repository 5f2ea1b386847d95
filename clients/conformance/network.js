// The network between a device and its hub, with everything that networks do to it: it is cut, stalls, is open at one end
// only, and delivers lines twice.

import { connect, createServer } from "node:net";

/**
 * One connection through it.
 * @typedef {object} Path
 * @property {import("node:net").Socket} device
 * @property {import("node:net").Socket} hub
 * @property {boolean} dead  nothing passes any more, and neither end is told
 */

export class Network {
  /** The port at which devices find it. */
  port = 0;
  /** Nothing passes. */
  stalled = false;
  /** How likely a line comes twice. */
  doubles = 0;
  /** What happened, for people. */
  counts = { connections: 0, cuts: 0, halfOpen: 0, doubled: 0 };
  #to;
  #random;
  #server;
  /** @type {Set<Path>} */
  #paths = new Set();

  /**
   * @param {string} to  `host:port` of the hub's lines
   * @param {() => number} random  from 0 to 1
   */
  constructor(to, random) {
    const [host, port] = to.split(":");
    this.#to = { host, port: Number(port) };
    this.#random = random;
    this.#server = createServer((device) => this.#accept(device));
  }

  async open() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
    this.port = /** @type {import("node:net").AddressInfo} */ (this.#server.address()).port;
    return this;
  }

  /** Cuts all connections, in the middle of whatever passes. */
  cut() {
    for (const { device, hub } of this.#paths) {
      this.counts.cuts += 1;
      device.resetAndDestroy();
      hub.resetAndDestroy();
    }
  }

  /** All connections there are lead nowhere from now on, and neither end learns it. New ones work. */
  halfOpen() {
    for (const path of this.#paths) {
      this.counts.halfOpen += 1;
      path.dead = true;
      path.device.pause();
      path.hub.pause();
    }
  }

  /** Nothing passes until {@link go}. */
  stall() {
    this.stalled = true;
    for (const { device, hub } of this.#paths) {
      device.pause();
      hub.pause();
    }
  }

  go() {
    this.stalled = false;
    for (const { device, hub, dead } of this.#paths) {
      if (dead) continue;
      device.resume();
      hub.resume();
    }
  }

  async close() {
    for (const { device, hub } of this.#paths) {
      device.destroy();
      hub.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** @param {import("node:net").Socket} device */
  #accept(device) {
    const hub = connect(this.#to);
    const path = { device, hub, dead: false };
    this.counts.connections += 1;
    this.#paths.add(path);
    for (const [from, to] of /** @type {const} */ ([[device, hub], [hub, device]])) {
      const pass = this.#passing(from, to);
      from.setNoDelay(true);
      from.on("data", (bytes) => pass(bytes.toString("latin1")));
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#paths.delete(path);
        if (!path.dead) to.destroy();
      });
    }
    if (this.stalled) {
      device.pause();
      hub.pause();
    }
  }

  /**
   * Passes whole lines on, some of them twice; not those with which a conversation begins. Whoever sends faster than the
   * other end takes it waits, as in any network.
   * @param {import("node:net").Socket} from
   * @param {import("node:net").Socket} to
   */
  #passing(from, to) {
    let rest = "";
    return (/** @type {string} */ text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      let out = "";
      for (const line of lines) {
        const twice = !/^\{"(identify|welcome|bye)"/.test(line) && this.#random() < this.doubles;
        this.counts.doubled += Number(twice);
        out += twice ? `${line}\n${line}\n` : `${line}\n`;
      }
      if (!out || to.destroyed || to.write(out, "latin1")) return;
      from.pause();
      to.once("drain", () => !this.stalled && from.resume());
    };
  }
}
