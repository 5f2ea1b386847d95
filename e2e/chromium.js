// The one Chromium that all tests share, and how to reach it.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

/** Names under which distributions install it. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** It asks nobody but the hub for anything: no updates, no look-ups, no synchronisation. */
const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium for other processes to connect to. */
export function serveChromium() {
  return chromium.launchServer(options());
}

/** The Chromium of `run.js`, or one of our own when a test file is run by itself. */
export function reachChromium() {
  const address = process.env.CHROMIUM_ADDRESS;
  return address ? chromium.connect(address) : chromium.launch(options());
}

function options() {
  // Root has no user namespace to build the sandbox in.
  const asRoot = process.getuid?.() === 0;
  return { executablePath: find(), args: asRoot ? ["--no-sandbox", ...QUIET] : QUIET };
}

/** @returns {string} */
function find() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of NAMES) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not here; the next folder may have it.
      }
    }
  }
  throw new Error("no Chromium was found: install it, or name it in CHROMIUM");
}
