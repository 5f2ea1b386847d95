// Proxies before a hub: a small one of our own, and nginx and Caddy with the examples of deploy/proxy, where there are such.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, inTime } from "./deadline.js";

const EXAMPLES = join(import.meta.dirname, "../deploy/proxy");
/** The base path of the examples. */
export const BASE = "/plant";

/** @typedef {{url: string, end: () => Promise<void>}} Proxy  `url` is that of the hub behind it */

/**
 * Shows the hub under {@link BASE}, and takes that away or leaves it there.
 * @param {string} hub  its address
 * @param {{strips: boolean}} how
 * @returns {Promise<Proxy>}
 */
export async function small(hub, { strips }) {
  const { hostname, port } = new URL(hub);
  /** @param {import("node:http").IncomingMessage} asked */
  const passed = (asked) => {
    const path = asked.url ?? "/";
    const headers = { ...asked.headers, "x-forwarded-for": "127.0.0.1", "x-forwarded-host": asked.headers.host, "x-forwarded-proto": "http", host: "127.0.0.1" };
    return { hostname, port, method: asked.method, headers, path: strips ? path.slice(BASE.length) || "/" : path };
  };
  const server = createServer((asked, answer) => {
    if (!asked.url?.startsWith(BASE)) return void answer.writeHead(404).end("nothing of the hub's");
    const passing = request(passed(asked), (told) => {
      answer.writeHead(told.statusCode ?? 502, told.headers);
      told.pipe(answer);
    });
    passing.on("error", () => answer.destroy());
    asked.pipe(passing);
  });
  server.on("upgrade", (asked, socket, head) => {
    const passing = request(passed(asked));
    passing.on("upgrade", (told, behind, rest) => {
      const lines = Object.entries(told.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
      socket.write(rest);
      behind.write(head);
      socket.pipe(behind).pipe(socket);
      for (const one of [socket, behind]) one.on("error", () => (socket.destroy(), behind.destroy()));
    });
    passing.on("response", (told) => socket.end(`HTTP/1.1 ${told.statusCode} Refused\r\n\r\n`));
    passing.on("error", () => socket.destroy());
    passing.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}${BASE}`,
    async end() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Whether a program can be started. @param {string} program */
export function has(program) {
  try {
    execFileSync(program, [program === "nginx" ? "-v" : "version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * nginx with the example, but for names, ports and files.
 * @param {string} hub
 * @param {{certificate: string, key: string}} files
 * @returns {Promise<Proxy>}
 */
export async function nginx(hub, { certificate, key }) {
  const folder = mkdtempSync(join(tmpdir(), "glassline-e2e-nginx-"));
  const port = await freePort();
  const example = readFileSync(join(EXAMPLES, "nginx.conf"), "utf8")
    .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
    .replace("server_name hub.example", "server_name localhost")
    .replace("/etc/ssl/hub.example/fullchain.pem", certificate)
    .replace("/etc/ssl/hub.example/privkey.pem", key)
    .replace("http://127.0.0.1:8080", hub);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`);
  const around = `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}\nhttp { access_log off; ${temporary.join(" ")}\n${example}\n}`;
  writeFileSync(join(folder, "nginx.conf"), around);
  return started("nginx", ["-p", folder, "-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")], folder, port);
}

/**
 * Caddy with the example, but for names, ports and files.
 * @param {string} hub
 * @param {{certificate: string, key: string}} files
 * @returns {Promise<Proxy>}
 */
export async function caddy(hub, { certificate, key }) {
  const folder = mkdtempSync(join(tmpdir(), "glassline-e2e-caddy-"));
  const port = await freePort();
  const example = readFileSync(join(EXAMPLES, "Caddyfile"), "utf8")
    .replace("\nhub.example {", `\nhttps://localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${certificate} ${key}`)
    .replace("reverse_proxy 127.0.0.1:8080", `reverse_proxy ${new URL(hub).host}`);
  mkdirSync(join(folder, "home"));
  writeFileSync(join(folder, "Caddyfile"), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${example}`);
  return started("caddy", ["run", "--adapter", "caddyfile", "--config", join(folder, "Caddyfile")], folder, port);
}

/** @param {string} program @param {string[]} words @param {string} folder @param {number} port @returns {Promise<Proxy>} */
async function started(program, words, folder, port) {
  const running = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HOME: join(folder, "home"), XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } });
  let log = "";
  for (const stream of [running.stdout, running.stderr]) stream.on("data", (text) => (log += text));
  const ended = once(running, "close");
  await eventually(`${program} listens`, () => listens(port)).catch((error) => Promise.reject(new Error(`${error.message}\n${log}`)));
  return {
    url: `https://localhost:${port}${BASE}`,
    async end() {
      running.kill("SIGTERM");
      await inTime(`the end of ${program}`, ended);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @param {number} port @returns {Promise<boolean>} */
function listens(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}

async function freePort() {
  const server = createTcp().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  await once(server, "close");
  return port;
}
