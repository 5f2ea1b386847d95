// Where a device connects: `tcp://host:port`, `tls://host:port`, `ws://host:port/path`, `wss://host:port/path`.

/** The port that each has where an address names none, and the path of the WebSocket for devices. */
const PORTS = { tcp: 7070, tls: 7071, ws: 8080, wss: 443 };
const WEB_SOCKET_PATH = "/device";

/**
 * @typedef {object} Address
 * @property {"tcp" | "tls" | "ws" | "wss"} scheme
 * @property {string} host  an IPv6 address without its brackets
 * @property {number} port
 * @property {string} path  empty for tcp and tls
 * @property {string} url  all of it
 */

/**
 * Reads an address; one without a scheme is TCP. Throws where it is none, or of a scheme that is not spoken here.
 * @param {string} text
 * @param {Address["scheme"][]} schemes
 * @returns {Address}
 */
export function parseAddress(text, schemes) {
  const fail = (/** @type {string} */ reason) => new TypeError(`"${text}" is no address: ${reason}`);
  const [, named = "tcp", host, given, path = ""] =
    /^(?:([a-z]+):\/\/)?(\[[^\]\s]+\]|[^\s:/[\]]+)(?::([0-9]{1,5}))?(\/\S*)?$/.exec(String(text)) ?? [];
  const scheme = schemes.find((scheme) => scheme === named);
  if (host === undefined) throw fail("host and port are missing or malformed");
  if (!scheme) throw fail(`it begins with none of ${schemes.map((scheme) => `${scheme}://`).join(" ")}`);
  const isWeb = scheme === "ws" || scheme === "wss";
  if (!isWeb && path.length > 1) throw fail(`${scheme}:// has no path`);
  const port = Number(given ?? PORTS[scheme]);
  if (port < 1 || port > 65_535) throw fail("there is no such port");
  const fullPath = isWeb ? (path.length > 1 ? path : WEB_SOCKET_PATH) : "";
  return { scheme, host: host.replace(/^\[|\]$/g, ""), port, path: fullPath, url: `${scheme}://${host}:${port}${fullPath}` };
}
