// Lines over TCP or TLS.

import { Lines } from "./lines.js";
import { openSocket } from "./socket.js";

/** @import { Address } from "../address.js" */
/** @import { Connection, DeviceSettings, Told } from "../device.js" */

/** @param {Address} address @param {DeviceSettings} settings @param {Told} told @returns {Connection} */
export function openTcp(address, settings, told) {
  const lines = new Lines();
  let left = false;
  const { socket, leave } = openSocket(address, settings, {
    opened: told.opened,
    read: (chunk) => {
      for (const line of lines.take(chunk)) {
        // The end may be among what was read.
        if (left) return;
        told.line(line);
      }
    },
    ended: told.ended,
  });
  return {
    say: (lines) => void socket.write(lines.map((line) => `${line}\n`).join("")),
    unsent: () => socket.writableLength,
    leave: () => {
      left = true;
      leave();
    },
  };
}
