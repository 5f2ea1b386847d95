// Lines as text frames of a browser's WebSocket.

import { CONNECT_MS_MAX } from "../limits.js";

/** @import { Address } from "../address.js" */
/** @import { Connection, DeviceSettings, Told } from "../device.js" */

/** @param {Address} address @param {DeviceSettings} _settings @param {Told} told @returns {Connection} */
export function openWebSocket({ url }, _settings, told) {
  const socket = new WebSocket(url);
  let left = false;
  const end = (/** @type {string} */ words) => {
    clearTimeout(late);
    if (left) return;
    left = true;
    // Closing what answers nothing may take a browser minutes: that is its own affair.
    socket.close();
    told.ended(words);
  };
  const late = setTimeout(() => end("no answer in time"), CONNECT_MS_MAX);
  socket.onopen = () => {
    clearTimeout(late);
    if (!left) told.opened();
  };
  socket.onmessage = ({ data }) => left || (typeof data === "string" && told.line(data));
  socket.onclose = () => end("the connection is gone, or could not be made");
  return {
    say: (lines) => {
      if (socket.readyState === WebSocket.OPEN) for (const line of lines) socket.send(line);
    },
    unsent: () => socket.bufferedAmount,
    leave: () => {
      left = true;
      clearTimeout(late);
      socket.close();
    },
  };
}
