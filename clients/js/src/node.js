// The library in Node: TCP, TLS and WebSocket, an outbox in memory or in a folder.

import { AnyDevice } from "./device.js";
import { openTcp } from "./link/tcp.js";
import { openWebSocket } from "./link/websocket_node.js";
import { FileOutbox } from "./store/outbox.js";

/** @type {import("./device.js").Surroundings} */
const NODE = {
  schemes: ["tcp", "tls", "ws", "wss"],
  open: (address, ...rest) => (address.path === "" ? openTcp : openWebSocket)(address, ...rest),
  store: (folder, bytes) => new FileOutbox(folder, bytes),
};

/** A device: what is sent is kept until the hub has taken it over, and commands come to handlers. */
export class Device extends AnyDevice {
  /**
   * A device that is not connected yet. Throws where the address or the id is none, or where the outbox is in use or its folder
   * cannot be made.
   * @param {import("./device.js").DeviceSettings} settings
   */
  constructor(settings) {
    super(settings, NODE);
  }
}
