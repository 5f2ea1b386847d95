// The messages of the line protocol, from and to text.

import {
  CHANNEL_BYTES_MAX,
  HEARTBEAT_SECONDS_MAX,
  LINE_BYTES_MAX,
  LINE_DEPTH_MAX,
  MESSAGE_CHANNELS_MAX,
  REASON_BYTES_MAX,
  SEQ_MAX,
  TIMER_MS_MAX,
} from "../limits.js";
import { cutText, hasHalves, textBytes } from "./text.js";

/**
 * @typedef {object} Welcome
 * @property {string} device
 * @property {number} [nonce]
 * @property {string} [session]
 * @property {number} [ack]
 * @property {number} [window]
 * @property {number} heartbeat  seconds
 * @property {number} lineMax  bytes
 * @property {number} time  milliseconds since 1970
 * @property {string} [token]
 */

/**
 * A request to the device.
 * @typedef {object} Command
 * @property {number} number
 * @property {string} channel
 * @property {any} value
 * @property {number} ttl  milliseconds
 */

/**
 * The answer to one.
 * @typedef {object} Outcome
 * @property {number} command
 * @property {boolean} ok
 * @property {string} [value]  as JSON
 * @property {string} [reason]
 */

/**
 * The hub side closes.
 * @typedef {object} Farewell
 * @property {string} code
 * @property {"now" | "later" | "never"} again
 * @property {number} wait  milliseconds; 0 for none
 */

/**
 * A line of the hub side.
 * @typedef {{kind: "welcome", welcome: Welcome} | {kind: "ack" | "nak" | "window", number: number} |
 *   {kind: "command", command: Command} | {kind: "need"} | {kind: "error", code: string, reason: string} |
 *   {kind: "bye", farewell: Farewell}} ToDevice
 */

const KINDS = /** @type {const} */ (["welcome", "ack", "nak", "command", "window", "need", "error", "bye"]);
const SESSION = /^[a-z0-9]{1,8}-(0|[1-9][0-9]{0,14})$/;
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** @param {unknown} text @returns {text is string} */
export const isSession = (text) => typeof text === "string" && SESSION.test(text);
/** @param {unknown} text @returns {text is string} */
export const isId = (text) => typeof text === "string" && ID.test(text);

/** What makes a line one that cannot be read. */
class Unreadable extends Error {}

/** @param {any} members @param {string} key @returns {any} */
const count = (members, key) => {
  if (!Number.isSafeInteger(members[key]) || members[key] < 0) throw new Unreadable(key);
  return members[key];
};
/** @param {any} members @param {string} key @returns {any} */
const text = (members, key) => {
  if (typeof members[key] !== "string") throw new Unreadable(key);
  return members[key];
};
/** @param {(members: any, key: string) => any} read @param {any} members @param {string} key @returns {any} */
const optional = (read, members, key) => (Object.hasOwn(members, key) ? read(members, key) : undefined);

/**
 * Reads a line of the hub side, without its end. Nothing for a heartbeat, for a kind from the future, and for what cannot be
 * read: all of them are ignored.
 * @param {string} line
 * @returns {ToDevice | undefined}
 */
export function readLine(line) {
  if (line === "") return undefined;
  try {
    const members = JSON.parse(line);
    if (typeof members !== "object" || members === null || Array.isArray(members)) return undefined;
    const kind = KINDS.find((kind) => Object.hasOwn(members, kind));
    return kind && readers[kind](members);
  } catch {
    return undefined;
  }
}

/** @type {Record<typeof KINDS[number], (members: any) => ToDevice>} */
const readers = {
  welcome: (members) => ({
    kind: "welcome",
    welcome: {
      device: text(members, "welcome"),
      nonce: optional(count, members, "nonce"),
      session: optional(text, members, "session"),
      ack: optional(count, members, "ack"),
      window: optional(count, members, "window"),
      heartbeat: Math.min(count(members, "heartbeat"), HEARTBEAT_SECONDS_MAX),
      lineMax: count(members, "line_max"),
      time: count(members, "time"),
      token: optional(text, members, "token"),
    },
  }),
  ack: (members) => ({ kind: "ack", number: count(members, "ack") }),
  nak: (members) => ({ kind: "nak", number: count(members, "nak") }),
  window: (members) => ({ kind: "window", number: count(members, "window") }),
  need: () => ({ kind: "need" }),
  command: (members) => {
    if (count(members, "command") < 1 || !Object.hasOwn(members, "value")) throw new Unreadable("command");
    const { command: number, value } = members;
    return { kind: "command", command: { number, value, channel: text(members, "channel"), ttl: count(members, "ttl") } };
  },
  error: ({ error }) => ({ kind: "error", code: text(error, "code"), reason: optional(text, error, "reason") ?? "" }),
  bye: (members) => {
    const again = optional(text, members, "again");
    const farewell = {
      code: text(members, "bye"),
      again: again === "now" || again === "never" ? again : /** @type {const} */ ("later"),
      wait: Math.min(optional(count, members, "wait") ?? 0, TIMER_MS_MAX),
    };
    return { kind: "bye", farewell };
  },
};

/**
 * A value as JSON; nothing where it has none that the hub reads: a function, a number that is none, a cycle, half a character,
 * too many levels.
 * @param {unknown} value
 * @param {number} level  of the object or array that it would be
 * @returns {string | undefined}
 */
export function json(value, level = 2) {
  try {
    if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : undefined;
    const json = typeof value === "object" ? JSON.stringify(value, onlyNumbers) : JSON.stringify(value);
    if (json === undefined || HALF_ESCAPED.test(json)) return undefined;
    return typeof value === "object" && depth(json) + level - 1 > LINE_DEPTH_MAX ? undefined : json;
  } catch {
    return undefined;
  }
}

const HALF_ESCAPED = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** Without it a number that is none would be sent as `null`. @param {string} _key @param {unknown} value */
function onlyNumbers(_key, value) {
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${value} is no number`);
  return value;
}

/** Levels of objects and arrays. @param {string} json */
function depth(json) {
  let [deepest, level, inText] = [0, 0, false];
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (inText) {
      if (character === "\\") at += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "{" || character === "[") deepest = Math.max(deepest, (level += 1));
    else if (character === "}" || character === "]") level -= 1;
  }
  return deepest;
}

/** @param {unknown} name @returns {name is string} */
const isChannel = (name) =>
  typeof name === "string" && name !== "" && textBytes(name) <= CHANNEL_BYTES_MAX && !CONTROL.test(name) && !hasHalves(name);

/**
 * The members of a message with samples, as they stand between the braces of its line; nothing where the hub would not take it.
 * @param {[unknown, unknown][]} values  channels, none twice, and their values
 * @param {unknown} ts  milliseconds since 1970; nothing for none
 * @returns {string | undefined}
 */
export function samples(values, ts) {
  if (ts !== undefined && !Number.isSafeInteger(ts)) return undefined;
  if (values.length === 0 || values.length > MESSAGE_CHANNELS_MAX) return undefined;
  const time = ts === undefined ? "" : `,"ts":${ts}`;
  const members = membersOf(values, values.length === 1 ? 2 : 3);
  if (!members) return undefined;
  const [[channel, value]] = members;
  const body =
    members.length === 1
      ? `"channel":${channel},"value":${value}${time}`
      : `"values":{${members.map((member) => member.join(":")).join()}}${time}`;
  return textBytes(numbered(SEQ_MAX, body)) <= LINE_BYTES_MAX ? body : undefined;
}

/** Names and values as JSON. @param {[unknown, unknown][]} values @param {number} level */
function membersOf(values, level) {
  const names = new Set();
  const members = [];
  for (const [channel, value] of values) {
    const text = json(value, level);
    if (!isChannel(channel) || names.has(channel) || text === undefined) return undefined;
    names.add(channel);
    members.push([JSON.stringify(channel), text]);
  }
  return members;
}

/** A numbered line. @param {number} seq @param {string} body @param {number} [outbox] */
export function numbered(seq, body, outbox) {
  return `{"seq":${seq},${body}${outbox === undefined ? "" : `,"outbox":${outbox}`}}`;
}

/**
 * The line that says what the channels are; nothing where it would not be taken.
 * @param {unknown} channels
 * @returns {string | undefined}
 */
export function describe(channels) {
  try {
    if (!isObject(channels)) return undefined;
    const members = Object.entries(channels);
    if (members.length > MESSAGE_CHANNELS_MAX) return undefined;
    if (!members.every(([name, said]) => isChannel(name) && isObject(said) && isOfChannel(said))) return undefined;
    const text = json(channels);
    const line = text && `{"describe":${text}}`;
    return line && textBytes(line) <= LINE_BYTES_MAX ? line : undefined;
  } catch {
    // What the program hands in may throw when it is looked at.
    return undefined;
  }
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** What is named in spec/protocol.md has its type. @param {Record<string, unknown>} said */
function isOfChannel(said) {
  const are = (/** @type {string[]} */ keys, /** @type {(value: any) => boolean} */ so) =>
    keys.every((key) => said[key] === undefined || so(said[key]));
  return (
    are(["unit", "input"], (value) => typeof value === "string") &&
    are(["min", "max", "step"], (value) => Number.isFinite(value)) &&
    are(["every"], (value) => Number.isSafeInteger(value) && value >= 1)
  );
}

/** @param {Outcome} outcome */
export function result({ command, ok, value, reason }) {
  const said = reason === undefined ? "" : `,"reason":${JSON.stringify(cutText(reason, REASON_BYTES_MAX))}`;
  return `{"result":${command},"ok":${ok}${value === undefined ? "" : `,"value":${value}`}${said}}`;
}

/** @param {number} to @param {string} reason */
export const skip = (to, reason) => `{"skip":${to},"reason":"${reason}"}`;

/**
 * Members in the order of spec/protocol.md; what is undefined is left out.
 * @param {{identify: string, token?: string, nonce: number, session?: string, oldest?: number, boot?: true, handled?: number,
 *   heartbeat?: number, line_max?: number, outbox?: number}} members
 */
export const identify = (members) => JSON.stringify(members);
