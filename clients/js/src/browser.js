// The library in a browser: a phone as a device, over a WebSocket, with its outbox in memory.

import { AnyDevice } from "./device.js";
import { openWebSocket } from "./link/websocket_browser.js";

/** @type {import("./device.js").Surroundings} */
const BROWSER = { schemes: ["ws", "wss"], open: openWebSocket };

/** A device: what is sent is kept until the hub has taken it over, and commands come to handlers. */
export class Device extends AnyDevice {
  /**
   * A device that is not connected yet. Throws where the address or the id is none.
   * @param {import("./device.js").DeviceSettings} settings
   */
  constructor(settings) {
    super(settings, BROWSER);
  }
}
