// A panel without a browser: a WebSocket of its own that can stop reading, as a browser that hangs does.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { inTime, SOON_MS } from "./deadline.js";

/** @typedef {Record<string, any>} Message */

export class Reader {
  /** @type {import("node:net").Socket} */
  #socket;
  #bytes = Buffer.alloc(0);
  /** @type {Message[]} */
  #inbox = [];
  #arrived = () => {};

  /** @param {import("node:net").Socket} socket @param {Buffer} head */
  constructor(socket, head) {
    this.#socket = socket;
    socket.on("error", () => {}); // it may be ended while the hub still writes
    socket.on("data", (bytes) => this.#take(bytes));
    this.#take(head);
  }

  /** Opens a panel as the administrator. @param {import("./hub.js").Hub} hub */
  static async open(hub) {
    const headers = {
      authorization: `Bearer ${hub.ready.token}`,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    };
    const asked = request(`${hub.ready.http}/panel`, { headers });
    asked.end();
    const [, socket, head] = await inTime("the upgrade", once(asked, "upgrade"));
    const reader = new Reader(socket, head);
    await reader.next("welcome");
    return reader;
  }

  /** @param {Message} message */
  say(message) {
    const text = Buffer.from(JSON.stringify(message));
    if (text.length > 125) throw new Error("this panel says only short things");
    const mask = randomBytes(4);
    const masked = text.map((byte, i) => byte ^ mask[i % 4]);
    this.#socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length]), mask, masked]));
  }

  /** Reads nothing from now on. */
  freeze() {
    this.#socket.pause();
  }

  thaw() {
    this.#socket.resume();
  }

  /** The next message that has this member. @param {string} member @returns {Promise<Message>} */
  next(member) {
    const found = new Promise((resolve) => {
      this.#arrived = () => {
        const at = this.#inbox.findIndex((message) => member in message);
        if (at < 0) return;
        this.#arrived = () => {};
        resolve(this.#inbox.splice(at, 1)[0]);
      };
      this.#arrived();
    });
    return inTime(`a message with ${member}`, found, SOON_MS, () => `but ${this.#inbox.length} others`);
  }

  /** Frames of the hub are whole, not masked, and text but for pings. @param {Buffer} bytes */
  #take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      const short = this.#bytes[1] & 0x7f;
      const header = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (this.#bytes.length < header) break;
      const length = short === 127 ? Number(this.#bytes.readBigUInt64BE(2)) : short === 126 ? this.#bytes.readUInt16BE(2) : short;
      if (this.#bytes.length < header + length) break;
      const isText = (this.#bytes[0] & 0x0f) === 1;
      const text = this.#bytes.subarray(header, header + length).toString();
      this.#bytes = this.#bytes.subarray(header + length);
      if (isText && text !== "") this.#inbox.push(...[JSON.parse(text)].flat());
    }
    this.#arrived();
  }

  end() {
    this.#socket.destroy();
  }
}
