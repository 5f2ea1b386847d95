// A hub that says what a test lets it say: TCP or TLS, one connection after the other.

import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";
import tls from "node:tls";
import { inTime } from "../../../../e2e/deadline.js";

/** @typedef {Record<string, any>} Message */

export class ScriptedHub {
  #server;
  #port = 0;
  /** @type {Connection[]} */
  #arrived = [];
  /** @type {Set<Connection>} */
  #all = new Set();
  #wake = () => {};
  /** Devices that would not talk to it, over TLS. */
  refused = 0;

  /** @param {import("node:tls").TlsOptions} [secrets]  for TLS */
  constructor(secrets) {
    const take = (/** @type {net.Socket} */ socket) => {
      const connection = new Connection(socket);
      this.#all.add(connection);
      this.#arrived.push(connection);
      this.#wake();
    };
    this.#server = secrets ? tls.createServer(secrets, take) : net.createServer(take);
    this.#server.on("tlsClientError", () => (this.refused += 1));
  }

  /** Listens; the second time where it listened before. */
  async listen() {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = /** @type {net.AddressInfo} */ (this.#server.address()).port;
    return this;
  }

  /** `host:port`. */
  get address() {
    return `127.0.0.1:${this.#port}`;
  }

  /** The next connection. */
  async next() {
    while (this.#arrived.length === 0) {
      await inTime("a connection", new Promise((resolve) => (this.#wake = () => resolve(undefined))));
    }
    return /** @type {Connection} */ (this.#arrived.shift());
  }

  /** The next connection, welcomed. @param {Message} [welcome] */
  async welcome(welcome) {
    const connection = await this.next();
    const identify = await connection.read();
    connection.welcome(identify, welcome);
    return { connection, identify };
  }

  /** Listens no more, and every connection is cut. */
  async close() {
    this.#server.close();
    for (const connection of this.#all) connection.cut();
  }
}

export class Connection {
  #socket;
  /** @type {string[]} */
  #lines = [];
  #wake = () => {};
  #ended = false;

  /** @param {net.Socket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
    createInterface({ input: socket }).on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
  }

  /** The next line that is no heartbeat. @returns {Promise<Message>} */
  async read() {
    for (;;) {
      const line = this.#lines.shift();
      if (line) return JSON.parse(line);
      if (line === undefined) await this.#turn("a line of the device");
    }
  }

  /** Waits for the device's end of the connection. */
  async ended() {
    while (!this.#ended) await this.#turn("the end of the connection");
  }

  /** @param {string} what */
  #turn(what) {
    if (this.#ended && what !== "the end of the connection") throw new Error("the connection is over");
    return inTime(what, new Promise((resolve) => (this.#wake = () => resolve(undefined))));
  }

  /** @param {Message | string} message  text goes as it is */
  says(message) {
    this.#socket.write(`${typeof message === "string" ? message : JSON.stringify(message)}\n`);
  }

  /** @param {Message} identify @param {Message} [welcome] */
  welcome({ identify, nonce }, welcome) {
    const usual = { session: "k7-1", ack: 0, window: 64, heartbeat: 15, line_max: 65_536, time: 0 };
    this.says({ welcome: identify, nonce, ...usual, ...welcome });
  }

  /** Reads nothing more. */
  stall() {
    this.#socket.pause();
  }

  cut() {
    this.#socket.destroy();
  }
}
