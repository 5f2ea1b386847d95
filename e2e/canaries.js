// Secrets of a hub, looked for where they must not be: in what it logged, in its files, in addresses that browsers asked for.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Files that are there to hold them. */
const KEPT = new Set(["run.json", "ready.json"]);

/**
 * What opens something on this hub, with what it is.
 * @param {import("./hub.js").Hub} hub
 * @returns {[string, string][]}
 */
export function secretsOf(hub) {
  const { token, join: joining, link } = hub.ready;
  const cookies = (hub.login?.cookies ?? []).map((/** @type {any} */ cookie) => ["a login", cookie.value]);
  const known = [["the administrator's token", token], ["the join token", joining], ["the login link", new URL(link || "http://none/login/").pathname.split("/").at(-1) ?? ""]];
  return [...known, ...cookies].filter(([, secret]) => secret.length >= 12);
}

/**
 * Which of them stand in a text or in bytes.
 * @param {[string, string][]} secrets
 * @param {string} place
 * @param {string | Buffer} content
 */
export function found(secrets, place, content) {
  const bytes = Buffer.from(content);
  return secrets.filter(([, secret]) => bytes.includes(secret)).map(([what]) => `${what} stands in ${place}`);
}

/**
 * Which of them stand in the files of a folder.
 * @param {[string, string][]} secrets
 * @param {string} folder
 * @returns {string[]}
 */
export function foundIn(secrets, folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return foundIn(secrets, path);
    return KEPT.has(entry.name) || !entry.isFile() ? [] : found(secrets, path, contentOf(path));
  });
}

/** What is in a file. One that a hub which runs has taken away meanwhile holds nothing. @param {string} path */
function contentOf(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return "";
    throw error;
  }
}
