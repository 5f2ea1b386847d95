/**
 * Which devices of a long list are shown, and in what order. Pure.
 */

/** @typedef {import("glassline/watch").ListEntry} ListEntry */
/** @typedef {"name" | "since" | "presence"} Order */

/**
 * What somebody looks for; empty texts ask for nothing.
 * @typedef {object} Wanted
 * @property {string} text words, each of which is found in the name, the id or a label
 * @property {string} presence
 * @property {string} label
 * @property {Order} order
 */

/** What asks for nothing. @type {Wanted} */
export const EVERYTHING = { text: "", presence: "", label: "", order: "name" };

/** Those that want somebody come first. @type {Record<string, number>} */
const URGENCY = { unreachable: 0, offline: 1, unknown: 2, online: 3 };

/** `Pump 2` stands before `Pump 10`. */
const byText = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** What to call a device. @param {ListEntry} entry */
export const nameOf = (entry) => entry.name || entry.id;

/** @type {Record<Order, (a: ListEntry, b: ListEntry) => number>} */
const ORDERS = {
  name: (a, b) => byText.compare(nameOf(a), nameOf(b)),
  since: (a, b) => (b.since ?? 0) - (a.since ?? 0),
  presence: (a, b) => (URGENCY[a.presence] ?? 2) - (URGENCY[b.presence] ?? 2),
};

/**
 * The devices that fit, in order.
 * @param {Iterable<ListEntry>} entries
 * @param {Wanted} wanted
 * @returns {ListEntry[]}
 */
export function sift(entries, { text, presence, label, order }) {
  const words = text.toLocaleLowerCase().split(/\s+/).filter((word) => word !== "");
  const fits = (/** @type {ListEntry} */ entry) => {
    if (presence && entry.presence !== presence) return false;
    if (label && !entry.labels?.includes(label)) return false;
    if (words.length === 0) return true;
    const said = [nameOf(entry), entry.id, ...(entry.labels ?? [])].join("\n").toLocaleLowerCase();
    return words.every((word) => said.includes(word));
  };
  return [...entries].filter(fits).sort((a, b) => ORDERS[order](a, b) || ORDERS.name(a, b) || byText.compare(a.id, b.id));
}

/**
 * How many devices have each presence, and the labels that there are, in order.
 * @param {Iterable<ListEntry>} entries
 * @returns {{presences: Map<string, number>, labels: string[]}}
 */
export function tally(entries) {
  /** @type {Map<string, number>} */
  const presences = new Map();
  const labels = new Set();
  for (const entry of entries) {
    presences.set(entry.presence, (presences.get(entry.presence) ?? 0) + 1);
    for (const label of entry.labels ?? []) labels.add(label);
  }
  return { presences, labels: [...labels].sort(byText.compare) };
}

/** What the query of an address asks for. @param {string} search `?q=pump&presence=offline` @returns {Wanted} */
export function wantedOf(search) {
  const query = new URLSearchParams(search);
  const order = /** @type {Order} */ (query.get("sort") ?? "");
  return {
    text: query.get("q") ?? "", presence: query.get("presence") ?? "", label: query.get("label") ?? "",
    order: order in ORDERS ? order : EVERYTHING.order,
  };
}

/**
 * The query of an address that asks for it, other members of it as they were.
 * @param {Wanted} wanted
 * @param {string} search
 */
export function searchOf({ text, presence, label, order }, search) {
  const query = new URLSearchParams(search);
  const members = { q: text, presence, label, sort: order === EVERYTHING.order ? "" : order };
  for (const [name, value] of Object.entries(members)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  return query.size > 0 ? `?${query}` : "";
}
