// Reads a script of spec/vectors into steps, and a message in words into a line.

/** @typedef {{line: number, what: "device" | "hub" | "happens", words: string}} Step */

/** @param {string} script @returns {Step[]} */
export function steps(script) {
  return script.split("\n").flatMap((whole, index) => ofLine(whole, index + 1));
}

/** @param {string} whole @param {number} line @returns {Step[]} */
function ofLine(whole, line) {
  const text = whole.trim();
  if (text === "" || text.startsWith("#")) return [];
  if (text.startsWith("|")) return text.slice(1).split(", ").map((words) => ({ line, what: "happens", words: words.trim() }));
  const [, side, words] = /^(device|hub) *> *(.*)$/.exec(text) ?? [];
  if (side !== "device" && side !== "hub") throw new Error(`line ${line}: neither said nor happens: ${text}`);
  return [{ line, what: side, words }];
}

/** `3 s`, `250 ms`: in milliseconds. @param {string} words */
export function duration(words) {
  const [, number, unit] = /^([0-9]+) (ms|s)$/.exec(words) ?? [];
  return number === undefined ? undefined : Number(number) * (unit === "s" ? 1000 : 1);
}

/** Members whose value is `true` when none follows. */
const FLAGS = ["boot", "ok"];
/** What begins a message that names its members; anything else is samples. */
const KINDS =
  "identify welcome ack nak window need error bye command result skip describe channel values".split(" ");

/** The line that a message in words stands for. @param {string} words */
export function line(words) {
  if (words.startsWith("{")) return words;
  if (words.startsWith("raw ")) return words.slice(4);
  if (words === "heartbeat") return "";
  const [first, ...rest] = words.split(/\s+/);
  if (first === "error") return `{"error":{${members(rest)}}}`;
  return /^[0-9]+$/.test(first) ? numbered(first, rest) : `{${members([first, ...rest])}}`;
}

/** `1 temperature 20.5 humidity 40 ts 5 outbox 9`. @param {string} seq @param {string[]} rest */
function numbered(seq, rest) {
  const found = rest.findIndex((word) => word === "ts" || word === "outbox");
  const [values, others] = found < 0 ? [rest, []] : [rest.slice(0, found), rest.slice(found)];
  const behind = others.length === 0 ? "" : `,${members(others)}`;
  return `{"seq":${seq},"values":{${members(values)}}${behind}}`;
}

/** @param {string[]} words */
function members(words) {
  const members = [];
  for (let at = 0; at < words.length; at += 1) {
    const key = words[at];
    const flag = FLAGS.includes(key) && words[at + 1] !== "false";
    members.push(`"${key}":${flag ? true : word(words[(at += 1)])}`);
  }
  return members.join();
}

/** A word as JSON: as it is where it is some, else as text. @param {string} word */
function word(word) {
  try {
    JSON.parse(word);
    return word;
  } catch {
    return JSON.stringify(word);
  }
}

/**
 * Whether `said` is the message `words`: each member that they name is there, and none that they exclude. Samples may be said in
 * any of their forms. A message that is given as JSON is compared whole.
 * @param {string} words
 * @param {string} said
 */
export function matches(words, said) {
  const { kept, absent } = withoutExcluded(words);
  const expected = line(kept);
  if (expected === "" || said === "") return expected === said;
  const [wanted, has] = [JSON.parse(expected), JSON.parse(said)];
  if (words.startsWith("{")) return same(wanted, has);
  const first = words.split(/\s+/)[0];
  if (KINDS.includes(first)) return absent.every((key) => !Object.hasOwn(has, key)) && includes(wanted, has);
  if (/^[0-9]/.test(first) && !said.startsWith('{"seq":')) return false;
  const [one, other] = [apart(wanted), apart(has)];
  return same(one.values, other.values) && includes(one.others, other.others);
}

/** @param {string} words */
function withoutExcluded(words) {
  const all = words.split(/\s+/);
  if (!KINDS.includes(all[0])) return { kept: words, absent: [] };
  const absent = all.filter((_, at) => all[at - 1] === "no");
  return { kept: all.filter((word, at) => word !== "no" && all[at - 1] !== "no").join(" "), absent };
}

/** The values of a message of samples, in whichever of their forms they stand, and its other members. @param {any} message */
function apart({ seq, ts, outbox, values, channel, value, ...rest }) {
  const others = Object.fromEntries(Object.entries({ seq, ts, outbox }).filter(([, value]) => value !== undefined));
  return { others, values: values ?? (channel === undefined ? rest : { [channel]: value }) };
}

/** @param {any} wanted @param {any} has */
const includes = (wanted, has) => Object.keys(wanted).every((key) => Object.hasOwn(has, key) && same(wanted[key], has[key]));

/** @param {unknown} one @param {unknown} other */
const same = (one, other) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

/** @param {any} value @returns {any} */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/** What a script leaves out of a welcome. */
const WELCOME = { window: "64", heartbeat: "15", line_max: "65536", time: "1763846847123" };

/** @param {string} words */
export function wholeWelcome(words) {
  if (!words.startsWith("welcome ")) return words;
  const named = words.split(/\s+/);
  const missing = Object.entries(WELCOME).filter(([member]) => !named.includes(member));
  return [words, ...missing.flat()].join(" ");
}
