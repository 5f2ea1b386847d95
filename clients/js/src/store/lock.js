// The lock of an outbox: one program's at a time. Node cannot lock files, so the lock is a file that names who holds it, put
// there whole by a link; whoever finds the holder gone takes its place by a claim that only one can make.

import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { join } from "node:path";

/** @typedef {{release: () => void}} Lock */

/** Locks `folder`; nothing where another program holds it. @param {string} folder @returns {Lock | undefined} */
export function lock(folder) {
  const path = join(folder, "lock");
  const holder = JSON.stringify({ pid: process.pid, started: started(process.pid), mark: randomUUID() });
  const own = join(folder, `lock.${randomUUID()}`);
  fs.writeFileSync(own, holder);
  try {
    if (!take(path, own)) return undefined;
  } finally {
    fs.rmSync(own, { force: true });
  }
  const release = () => {
    if (content(path) === holder) fs.rmSync(path, { force: true });
  };
  return { release };
}

/**
 * Puts `own` at `path` where nothing is or where its holder is gone. Who takes a place first takes `path.after`, so that no two
 * do; that one may be left by a program that died meanwhile, too.
 * @param {string} path
 * @param {string} own
 * @returns {boolean}
 */
function take(path, own) {
  for (;;) {
    if (linked(own, path)) return true;
    const holder = content(path);
    if (holder === undefined) continue;
    if (lives(holder) || path.length > 4000) return false;
    const claim = `${path}.after`;
    if (!take(claim, own)) return false;
    // Meanwhile another one may have been through with its claim.
    if (content(path) === holder) {
      fs.renameSync(claim, path);
      return true;
    }
    fs.rmSync(claim, { force: true });
  }
}

/** @param {string} from @param {string} to */
function linked(from, to) {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  }
}

/** @param {string} path */
function content(path) {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Whether the program that wrote `holder` still runs: the same one, not a later one with its number. @param {string} holder */
function lives(holder) {
  try {
    const { pid, started: then } = JSON.parse(holder);
    process.kill(pid, 0);
    return started(pid) === then;
  } catch (error) {
    // It is there, and another user's.
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}

/** When process `pid` was started, where the system tells (Linux); else nothing. @param {number} pid */
function started(pid) {
  const stat = content(`/proc/${pid}/stat`);
  if (stat === undefined) return null;
  const boot = content("/proc/sys/kernel/random/boot_id")?.trim();
  // Its name stands in brackets and may have blanks; the time is the 20th behind it.
  return `${boot} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
}
