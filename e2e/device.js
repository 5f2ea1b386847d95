// A device for a test: a raw TCP connection that speaks the lines of spec/protocol.md and nothing more.

import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { inTime, SOON_MS } from "./deadline.js";

/** @typedef {Record<string, any>} Message */

export class Device {
  id;
  /** Its own token once it has one, until then the one it was given. */
  token;
  /** @type {string | undefined} */
  session = undefined;
  /** The number of the next numbered message. */
  seq = 1;
  #lines;
  #nonce = 0;
  /** @type {import("node:net").Socket | undefined} */
  #socket;
  /** Lines that came and were not asked for yet. @type {Message[]} */
  #inbox = [];
  #arrived = () => {};
  #closed = Promise.resolve();
  /** @type {NodeJS.Timeout | undefined} */
  #pulse;

  /**
   * @param {string} lines  `host:port`
   * @param {string} id
   * @param {string} [token]
   */
  constructor(lines, id, token) {
    this.#lines = lines;
    this.id = id;
    this.token = token;
  }

  /** Opens a connection, without a word yet. */
  async connect() {
    const [host, port] = this.#lines.split(":");
    const socket = connect({ host, port: Number(port), noDelay: true });
    await inTime("the connection", once(socket, "connect"));
    this.#socket = socket;
    this.#inbox = [];
    socket.on("error", () => {}); // a cut connection is told by its end
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve(undefined)));
    createInterface({ input: socket }).on("line", (line) => {
      if (line === "") return;
      this.#inbox.push(JSON.parse(line));
      this.#arrived();
    });
  }

  /**
   * Connects and identifies as a device with a session: its samples are numbered and acked.
   * @param {Message} [more]  further members of the identify
   */
  async join(more = {}) {
    await this.connect();
    this.#nonce += 1;
    const before = this.session ? { session: this.session, oldest: this.seq } : { boot: true };
    const welcome = await this.#identify({ nonce: this.#nonce, ...before, ...more });
    if (welcome.session !== this.session) this.seq = 1;
    this.session = welcome.session;
    if (more.heartbeat) this.#keepBeating(welcome.heartbeat);
    return welcome;
  }

  /** Connects and identifies as a plain device: the least to say, nothing numbered. */
  async joinPlain() {
    await this.connect();
    return this.#identify({});
  }

  /** @param {Message} members */
  async #identify(members) {
    this.send({ identify: this.id, ...(this.token ? { token: this.token } : {}), ...members });
    const welcome = await this.next("welcome");
    this.id = welcome.welcome;
    this.token = welcome.token ?? this.token;
    return welcome;
  }

  /** Writes one line. @param {Message | string} line */
  send(line) {
    this.#socket?.write(`${typeof line === "string" ? line : JSON.stringify(line)}\n`);
  }

  /** Writes bytes as they are. @param {Uint8Array} bytes */
  sendBytes(bytes) {
    this.#socket?.write(bytes);
  }

  /** Sends values as a numbered message and waits until it is taken over. @param {Message} values @param {Message} [more] */
  async deliver(values, more = {}) {
    const seq = this.seq++;
    this.send({ seq, values, ...more });
    while ((await this.next("ack")).ack < seq);
  }

  /**
   * The next line of that kind that was not asked for yet.
   * @param {string} kind  its kind key
   * @param {number} [within] ms
   * @returns {Promise<Message>}
   */
  next(kind, within = SOON_MS) {
    const found = new Promise((resolve) => {
      this.#arrived = () => {
        const at = this.#inbox.findIndex((message) => kind in message);
        if (at < 0) return;
        this.#arrived = () => {};
        resolve(this.#inbox.splice(at, 1)[0]);
      };
      this.#arrived();
    });
    return inTime(`a line \`${kind}\` for ${this.id}`, found, within, () => `but ${JSON.stringify(this.#inbox)}`);
  }

  /** How many lines of that kind wait to be asked for. @param {string} kind */
  waiting(kind) {
    return this.#inbox.filter((message) => kind in message).length;
  }

  /** Says something every heartbeat, until it is silenced. @param {number} seconds */
  #keepBeating(seconds) {
    this.silence();
    this.#pulse = setInterval(() => this.send(""), (seconds * 1000) / 2);
  }

  /** Says nothing any more; the connection stays. */
  silence() {
    clearInterval(this.#pulse);
  }

  /** Closes the connection. */
  async leave() {
    this.silence();
    this.#socket?.end();
    await inTime("the end of the connection", this.#closed);
  }

  /** Waits until the other side has closed the connection. */
  async dropped() {
    await inTime("being dropped", this.#closed);
  }

  /** Gives up the connection at the end of a test, whatever its state. */
  end() {
    this.silence();
    this.#socket?.destroy();
  }
}
