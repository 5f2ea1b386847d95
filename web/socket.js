/**
 * The panel's one connection to the hub: a ticket, the WebSocket, its heartbeat, and coming back when it breaks.
 * It knows frames and nothing of what is in them but the welcome.
 */

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
 * @property {(state: Connection, retryAt?: number) => void} changed
 */

export class Socket {
  /** @type {Connection} */
  state = "connecting";
  #wiring;
  /** @type {WebSocket | undefined} */
  #ws = undefined;
  #failures = 0;
  #heardAt = 0;
  #saidAt = 0;
  #heartbeatMs = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer = undefined;
  /** Counts attempts; whatever belongs to an earlier one is ignored. */
  #attempt = 0;

  /** @param {Wiring} wiring */
  constructor(wiring) {
    this.#wiring = wiring;
  }

  /** Connects, now; also the way to stop waiting for the next attempt. */
  async connect() {
    if (this.state === "connected") return;
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
    this.#heardAt = Date.now();
    // Timers of a hidden page are slowed down, frames are not: so each frame is also an occasion to say something.
    if (this.#heartbeatMs > 0 && Date.now() - this.#saidAt > this.#heartbeatMs / 2) this.#say("");
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
    const began = Date.now();
    const first = this.#wiring.welcomed(welcome);
    for (const message of first) this.send(message);
    this.#wiring.changed("connected");
    this.#beat(began);
  }

  /** @param {number} began when this connection was welcomed, ms */
  #beat(began) {
    this.#timer = setTimeout(() => {
      const now = Date.now();
      if (now - began > HEALTHY_MS) this.#failures = 0;
      if (now - this.#heardAt > this.#heartbeatMs * SILENT_HEARTBEATS) {
        const ws = this.#ws;
        this.#lost(false);
        ws?.close();
        return;
      }
      if (now - this.#saidAt >= this.#heartbeatMs / 2) this.#say("");
      this.#beat(began);
    }, this.#heartbeatMs / 3);
  }

  /** @param {string} frame */
  #say(frame) {
    this.#saidAt = Date.now();
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
