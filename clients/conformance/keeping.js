// Who a device is outlives its program: what the hub gave it with a join token is there after a kill.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hub } from "../../e2e/hub.js";
import { Driver } from "./driver.js";

/**
 * Joins without an id, is killed, and comes again with the same words; then once more, when its own token was used. What was wrong.
 * @param {import("./libraries.js").Library} library
 */
export async function keepsIdentity(library) {
  const hub = new Hub();
  const folder = mkdtempSync(join(tmpdir(), "glassline-conformance-"));
  /** @type {string[]} */
  const ids = [];
  try {
    await hub.start();
    const words = [`tcp://${hub.ready.lines}`, "", "--token", hub.ready.join, "--outbox", join(folder, "outbox")];
    for (let run = 0; run < 3; run++) {
      const driver = new Driver(library, words, () => {});
      const { id } = await driver.next("connected");
      ids.push(id);
      driver.order(`send run ${run}`);
      await driver.ask("flush 20000", "flushed");
      await driver.kill();
    }
  } finally {
    await hub.end();
    rmSync(folder, { recursive: true, force: true });
  }
  return new Set(ids).size === 1 ? [] : [`it was ${ids.join(", then ")}`];
}
