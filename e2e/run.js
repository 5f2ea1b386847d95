// Runs the end-to-end tests: one Chromium for all of them, a new context in it for each panel.
// Usage: node run.js [part of a test file's name …]

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { serveChromium } from "./chromium.js";

/** Test files that run at the same time. */
const CONCURRENCY = 2;
/** A test file that takes longer hangs, ms. */
const FILE_MS = 1_200_000;

const folder = join(import.meta.dirname, "tests");
const wanted = process.argv.slice(2);
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".test.js"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => join(folder, name));
if (files.length === 0) {
  console.error(`no test file is named like ${wanted.join(" or ")}`);
  process.exit(2);
}

const chromium = await serveChromium();
const tests = spawn(
  process.execPath,
  ["--test", `--test-concurrency=${CONCURRENCY}`, `--test-timeout=${FILE_MS}`, "--test-reporter=spec", ...files],
  { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, CHROMIUM_ADDRESS: chromium.wsEndpoint() } },
);
tests.on("exit", async (code) => {
  await chromium.close();
  process.exit(code ?? 1);
});
