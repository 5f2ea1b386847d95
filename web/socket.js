/**
 * The panel's one connection to the hub: a ticket, the WebSocket, its heartbeat, and coming back when it breaks.
 * It knows frames and nothing of what is in them but the welcome.
 */

import { Stopwatch } from "glassline/age";

/** A page that hears nothing for this many heartbeats has lost its hub. */
const SILENT_HEARTBEATS = 2;
/** How long the hub may take to welcome a page, ms. */
const WELCOME_MS = 10_000;
/** First step of the reconnect delay, ms; it doubles with each failure. */
const RETRY_FIRST_MS = 500;
/** Longest reconnect delay, ms. */
const RETRY_MAX_MS = 15_000;
/** A connection that lasted this long, ms, makes the delay begin again. */
const HEALTHY_MS = 10_000;

/** @typedef {"connecting" | "connected" | "lost" | "signed-out"} Connection */
/** @typedef {Record<string, any>} Message */

/** The hub does not know who is reading: trying again without signing in leads nowhere. */
export class SignedOut extends Error {}

/**
 * How long to wait before the k-th attempt: anything up to a doubling bound, so that pages do not come back all at once.
 * @param {number} k failures so far, from 0
 * @param {number} random in [0, 1)
 * @returns {number} ms
 */
export function retryDelay(k, random) {
  return random * Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(k, 16));
}

/**
 * @typedef {object} Wiring what the socket is given, so that a test can stand in for the browser
 * @property {string} page path that the panel list shows for this panel
 * @property {() => Promise<string>} ticket
 * @property {() => WebSocket} open
 * @property {(message: Message) => Message[]} welcomed what to say first on a new connection
 * @property {(message: Message) => void} received
 * @property {(state: Connection, retryAt?: number) => void} changed `retryAt`: when the next attempt begins, ms by the browser's clock
 */

export class Socket {
  /** @type {Connection} */
  state = "connecting";
  #wiring;
  /** @type {WebSocket | undefined} */
  #ws = undefined;
  #failures = 0;
  #heard = new Stopwatch();
  #said = new Stopwatch();
  #heartbeatMs = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;
  #isResting = false;
  /** Counts attempts; whatever belongs to an earlier one is ignored. */
  #attempt = 0;

  /** @param {Wiring} wiring */
  constructor(wiring) {
    this.#wiring = wiring;
  }

  /** How long nothing was heard, ms. */
  get silentMs() {
    return this.#heard.ms;
  }

  /** Whether it hears less than it should: the hub is gone, or this page was not awake to hear it. */
  get isSilent() {
    return this.state === "connected" && this.silentMs > this.#heartbeatMs * SILENT_HEARTBEATS;
  }

  /** Connects, now; also the way to stop waiting for the next attempt. */
  async connect() {
    if (this.state === "connected") return;
    this.#isResting = false;
    const attempt = ++this.#attempt;
    clearTimeout(this.#timer);
    this.#ws?.close();
    this.#ws = undefined;
    let ticket;
    try {
      ticket = await this.#wiring.ticket();
    } catch (error) {
      if (attempt === this.#attempt) this.#lost(error instanceof SignedOut);
      return;
    }
    if (attempt === this.#attempt) this.#open(attempt, ticket);
  }

  /**
   * @param {Message} message
   * @returns {boolean} false: there is no connection; nothing is kept for later
   */
  send(message) {
    if (this.state !== "connected" || !this.#ws) return false;
    this.#say(JSON.stringify(message));
    return true;
  }

  /** What came over the connection may be old: gives it up, and connects anew at once. */
  renew() {
    this.rest();
    this.connect();
  }

  /** Gives up the connection and makes no other before it is asked to: nothing that comes meanwhile could be shown in time. */
  rest() {
    if (this.#isResting) return;
    this.#isResting = true;
    const ws = this.#ws;
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#ws = undefined;
    this.#heartbeatMs = 0;
    ws?.close();
    if (this.state === "signed-out") return;
    this.state = "lost";
    this.#wiring.changed("lost");
  }

  /** Ends the connection and does not come back. */
  close() {
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#ws?.close();
  }

  /** @param {number} attempt @param {string} ticket */
  #open(attempt, ticket) {
    const ws = this.#wiring.open();
    this.#ws = ws;
    this.#timer = setTimeout(() => ws.close(), WELCOME_MS);
    ws.onopen = () => this.#say(JSON.stringify({ authenticate: ticket, page: this.#wiring.page }));
    ws.onmessage = (event) => {
      if (attempt === this.#attempt) this.#frame(String(event.data));
    };
    ws.onclose = () => {
      if (attempt === this.#attempt) this.#lost(false);
    };
  }

  /** @param {string} frame */
  #frame(frame) {
    this.#heard.restart();
    // Timers of a hidden page are slowed down, frames are not: so each frame is also an occasion to say something.
    if (this.#heartbeatMs > 0 && this.#said.ms > this.#heartbeatMs / 2) this.#say("");
    if (frame === "") return;
    const content = JSON.parse(frame);
    for (const message of Array.isArray(content) ? content : [content]) {
      if (typeof message.welcome === "string") this.#welcome(message);
      else this.#wiring.received(message);
    }
  }

  /** @param {Message} welcome */
  #welcome(welcome) {
    clearTimeout(this.#timer);
    this.#heartbeatMs = (welcome.heartbeat ?? 15) * 1000;
    this.state = "connected";
    const began = new Stopwatch();
    const first = this.#wiring.welcomed(welcome);
    for (const message of first) this.send(message);
    this.#wiring.changed("connected");
    this.#beat(began);
  }

  /** @param {Stopwatch} began when this connection was welcomed */
  #beat(began) {
    this.#timer = setTimeout(() => {
      if (began.ms > HEALTHY_MS) this.#failures = 0;
      if (this.isSilent) {
        const ws = this.#ws;
        this.#lost(false);
        ws?.close();
        return;
      }
      if (this.#said.ms >= this.#heartbeatMs / 2) this.#say("");
      this.#beat(began);
    }, this.#heartbeatMs / 3);
  }

  /** @param {string} frame */
  #say(frame) {
    this.#said.restart();
    if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.send(frame);
  }

  /** @param {boolean} signedOut */
  #lost(signedOut) {
    clearTimeout(this.#timer);
    this.#attempt++;
    this.#ws = undefined;
    this.#heartbeatMs = 0;
    const wait = signedOut ? RETRY_MAX_MS : retryDelay(this.#failures++, Math.random());
    this.state = signedOut ? "signed-out" : "lost";
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#wiring.changed(this.state, Date.now() + wait);
  }
}
