// The folder of an outbox and the names of its files.

import fs from "node:fs";
import { dirname, join } from "node:path";

const LOG = /^([0-9]{20})\.log$/;

/** The file that begins with the message at `first`. @param {string} folder @param {number} first */
export const logPath = (folder, first) => join(folder, `${String(first).padStart(20, "0")}.log`);

/** The first positions of all files of the log, ascending, and their bytes. @param {string} folder */
export function listLogs(folder) {
  const firsts = fs.readdirSync(folder).map((name) => LOG.exec(name)?.[1]);
  const logs = firsts.filter((first) => first !== undefined).map((first) => ({ first: Number(first), bytes: 0 }));
  for (const log of logs) log.bytes = fs.statSync(logPath(folder, log.first), { throwIfNoEntry: false })?.size ?? 0;
  return logs.sort((one, other) => one.first - other.first);
}

/** Makes `folder` where it is not there, so that a power cut leaves it there. @param {string} folder */
export function makeFolder(folder) {
  if (fs.existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  fs.mkdirSync(folder, { recursive: true });
  syncFolder(parent);
}

/** Makes names in `folder` durable. Elsewhere than on Unix a folder cannot be opened, and need not be. @param {string} folder */
export function syncFolder(folder) {
  if (process.platform === "win32") return;
  const file = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

/** The same, without holding up the program. @param {string} folder */
export async function syncFolderLater(folder) {
  if (process.platform === "win32") return;
  const file = await fs.promises.open(folder, "r");
  await file.sync().finally(() => file.close());
}

/** @param {unknown} error */
export const isGone = (error) => /** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT";
