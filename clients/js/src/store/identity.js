// Who the hub made this device: its id and a token of its own, kept in a file for the next run of the program.
//
//   {"asked":"boiler-7","id":"boiler-7","token":"gl_…"}
//
// `asked` is the id that the program itself says, which may be empty; a file that was asked for by another one is not used. What is
// kept is shown first. Where the hub does not want it, as after it was revoked, the program's own token gets its turn. The other
// libraries keep the same file.

import fs from "node:fs";
import { join } from "node:path";
import { syncFolderLater } from "./folder.js";

/** Its name in the folder of an outbox. */
const NAME = "identity";
/** A longer file is none. */
const BYTES_MAX = 4096;

/** @typedef {{id: string, token: string}} Identity */

/** What an earlier run was given; nothing where that cannot be read. @param {string} folder @param {string} asked @returns {Identity | undefined} */
export function readIdentity(folder, asked) {
  try {
    const text = fs.readFileSync(join(folder, NAME), "utf8");
    const kept = JSON.parse(text);
    const isOne = [kept.id, kept.token].every((text) => typeof text === "string" && text !== "");
    return text.length <= BYTES_MAX && isOne && kept.asked === asked ? { id: kept.id, token: kept.token } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps it: whole or not at all, durably, and for the owner of the program only. Rejects with what the system says.
 * @param {string} folder
 * @param {string} asked
 * @param {Identity} identity
 */
export async function writeIdentity(folder, asked, { id, token }) {
  const path = join(folder, NAME);
  const file = await fs.promises.open(`${path}.new`, "w", 0o600);
  const written = file.writeFile(`${JSON.stringify({ asked, id, token })}\n`).then(() => file.sync());
  await written.finally(() => file.close());
  await fs.promises.rename(`${path}.new`, path);
  await syncFolderLater(folder);
}
