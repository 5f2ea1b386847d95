// How long `send` takes at worst while nothing answers: neither the network nor the hub.

import { createServer } from "node:net";
import { Driver } from "./driver.js";

/** Messages sent into it: more than an outbox of the usual size holds, so that it drops some too. */
const MESSAGES = 6000;
/** Sends between two pauses. */
const BURST = 20;

/**
 * The longest `send`, µs, and how many messages the library says that it dropped.
 * @param {import("./libraries.js").Library} library
 */
export async function blackHole(library) {
  // It accepts and never reads: what is sent waits in buffers until they are full, and nothing ever comes back.
  const hole = createServer((socket) => socket.pause());
  await new Promise((resolve) => hole.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (hole.address());
  const driver = new Driver(library, [`tcp://127.0.0.1:${port}`, "hole", "--heartbeat", "1"], () => {});
  try {
    await driver.next("ready");
    for (let sent = 0; sent < MESSAGES; sent += BURST) {
      for (let one = 0; one < BURST; one++) driver.order(`send n ${sent + one}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const state = await driver.ask("state", "state");
    return { worst_us: state.worst_us, accepted: state.accepted, dropped: state.dropped, queued: state.queued };
  } finally {
    await driver.kill();
    hole.close();
  }
}
