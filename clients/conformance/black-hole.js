// How long `send` takes at worst while nothing answers: neither the network nor the hub.

import { createServer } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Driver } from "./driver.js";

/** Messages sent into it: more than an outbox of the usual size holds, so that it drops some too. */
const MESSAGES = 6000;
/** Sends between two pauses. */
const BURST = 20;

/**
 * What became of the messages, and how long `send` took, µs: in the middle, 1 of 1000 longer than, at worst.
 * @param {import("./libraries.js").Library} library
 * @param {boolean} stored  whether its outbox is in a folder
 */
export async function blackHole(library, stored) {
  // It accepts and never reads: what is sent waits in buffers until they are full, and nothing ever comes back.
  const hole = createServer((socket) => socket.pause());
  await new Promise((resolve) => hole.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (hole.address());
  const folder = mkdtempSync(join(tmpdir(), "glassline-conformance-"));
  const words = [`tcp://127.0.0.1:${port}`, "hole", "--heartbeat", "1", ...(stored ? ["--outbox", join(folder, "outbox")] : [])];
  const driver = new Driver(library, words, () => {});
  try {
    await driver.next("ready");
    for (let sent = 0; sent < MESSAGES; sent += BURST) {
      for (let one = 0; one < BURST; one++) driver.order(`send n ${sent + one}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { accepted, dropped, queued } = await driver.ask("state", "state");
    const took = driver.took.toSorted((one, other) => one - other);
    const of = (/** @type {number} */ part) => took[Math.min(Math.floor(took.length * part), took.length - 1)];
    return { middle: of(0.5), rare: of(0.999), worst: of(1), accepted, dropped, queued };
  } finally {
    await driver.kill();
    hole.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
