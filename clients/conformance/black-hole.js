// How long `send` takes at worst while nothing answers: neither the network nor the hub.

import { createServer } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Driver } from "./driver.js";

/** Messages sent into it. */
const MESSAGES = 6000;
/** Characters of each: together more than an outbox of the usual size holds, so that it drops some and gives back files. */
const CHARACTERS = 500;
/** Sends between two pauses. */
const BURST = 20;

/** A hub that accepts and never reads; one that welcomes each time, and from then on is as dead. */
export const HOLES = /** @type {const} */ (["deaf", "silenced"]);

/**
 * What became of the messages, and how long `send` took, µs: in the middle, 1 of 1000 longer than, at worst; and the worst without the
 * time in which others had the processor; and so for a turn that may not wait, where the program takes turns itself.
 * @param {import("./libraries.js").Library} library
 * @param {typeof HOLES[number]} kind
 * @param {boolean} stored  whether its outbox is in a folder
 */
export async function blackHole(library, kind, stored) {
  const hole = createServer(kind === "deaf" ? deaf : silenced);
  await new Promise((resolve) => hole.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (hole.address());
  const folder = mkdtempSync(join(tmpdir(), "glassline-conformance-"));
  const words = [`tcp://127.0.0.1:${port}`, "hole", "--heartbeat", "1", ...(stored ? ["--outbox", join(folder, "outbox")] : [])];
  const driver = new Driver(library, words, () => {});
  try {
    await driver.next("ready");
    for (let sent = 0; sent < MESSAGES; sent += BURST) {
      for (let one = 0; one < BURST; one++) driver.order(`send n "${String(sent + one).padEnd(CHARACTERS, ".")}"`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { accepted, dropped, queued, worst_turn_us: turn } = await driver.ask("state", "state");
    const [middle, rare, worst] = [0.5, 0.999, 1].map((part) => of(driver.took, part));
    return { middle, rare, worst, itself: of(driver.tookItself, 1), turn, accepted, dropped, queued };
  } finally {
    await driver.kill();
    hole.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is sent waits in buffers until they are full, and nothing ever comes back. @param {import("node:net").Socket} socket */
const deaf = (socket) => void quiet(socket).pause();

/** @param {import("node:net").Socket} socket */
function silenced(socket) {
  quiet(socket).once("data", (chunk) => {
    socket.pause();
    const { nonce } = JSON.parse(chunk.toString().split("\n", 1)[0] ?? "");
    const of = { session: "hole-1", ack: 0, window: 64, heartbeat: 1, line_max: 65_536, time: Date.now() };
    socket.write(`${JSON.stringify({ welcome: "hole", nonce, ...of })}\n`);
  });
}

/** A device that gives up is what a hole is for. @param {import("node:net").Socket} socket */
const quiet = (socket) => socket.on("error", () => {});

/** The one that this part of all are below. @param {number[]} took @param {number} part */
function of(took, part) {
  const sorted = took.toSorted((one, other) => one - other);
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)];
}
