/**
 * The path under which a proxy shows the hub: whoever asks the hub for something, or leads somewhere, puts it before a path of ours.
 */

/** Empty where the hub has a host for itself. Scripts stand below it, in `/assets/`. */
const BASE = /^(.*)\/assets\/[^/]+$/.exec(new URL(import.meta.url).pathname)?.[1] ?? "";

/** A path of the hub as it is reached from here: `at("/api/devices")`. @param {string} path */
export const at = (path) => BASE + path;

/** A path as the hub knows it: without what a proxy has put before it. @param {string} path */
export const behind = (path) => (BASE && (path === BASE || path.startsWith(`${BASE}/`)) ? path.slice(BASE.length) || "/" : path);
