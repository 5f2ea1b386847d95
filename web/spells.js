/**
 * What a channel was, and from when to when: for states and texts, of which a chart can say nothing. Its past from the hub, then
 * what arrives live.
 */
import { clock } from "glassline/age";
import { at } from "glassline/base-path";

/** How far the newest sample may be ahead of the hub's clock, ms. */
const AHEAD_MS = 60_000;
/** A page that is moved past samples fetches them at most this often, ms. */
const CATCH_UP_MS = 10_000;
/** A pause longer than this many usual intervals ends a spell, ... */
export const PAUSE_AFTER = 10;
/** ... but no shorter one than this, ms. */
export const PAUSE_MIN_MS = 10_000;

/** @typedef {import("glassline/component").Component} Component */
/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Sample} Sample */
/** One value, as often as it came in a row: times of the first and the last, ms. @typedef {{first: number, last: number, value: unknown, count: number}} Spell */

/**
 * @typedef {object} SpellRange
 * @property {string} device
 * @property {string} channel
 * @property {number} [from] ms, included
 * @property {number} to ms, not included
 * @property {number} limit the most spells
 * @property {number} [pause] a longer pause than this ends a spell, ms
 * @property {AbortSignal} [signal]
 */

/** Who is asked for spells. @type {(range: SpellRange) => Promise<{spells: Spell[], more: boolean}>} */
let source = fromHub;

/** From now on another is asked: for pages on which nothing comes from a device. @param {typeof source} other */
export function takeSpellsFrom(other) {
  source = other;
}

/** The newest spells of a range, in the order of their times. @param {SpellRange} range */
export function fetchSpells(range) {
  return source(range);
}

/** @param {SpellRange} range @returns {Promise<{spells: Spell[], more: boolean}>} */
async function fromHub({ device, channel, from, to, limit, pause, signal }) {
  const query = new URLSearchParams({ to: String(Math.ceil(to)), limit: String(limit) });
  if (from !== undefined) query.set("from", String(Math.floor(from)));
  if (pause !== undefined) query.set("pause", String(Math.ceil(pause)));
  const path = `/api/devices/${encodeURIComponent(device)}/channels/${encodeURIComponent(channel)}/spells?${query}`;
  const response = await fetch(at(path), { headers: { accept: "application/json" }, signal });
  if (response.status === 404) return { spells: [], more: false };
  if (!response.ok) throw new Error(`the hub answered ${response.status}`);
  const answer = await response.json();
  const spells = answer.spells.map((/** @type {[number, number, unknown, number]} */ [first, last, value, count]) => ({ first, last, value, count }));
  return { spells, more: answer.more };
}

/**
 * Takes one sample into spells that are in the order of their times. Pure but for that.
 * @param {Spell[]} spells
 * @param {number} ts ms
 * @param {unknown} value
 * @param {number} [pause] a longer pause ends a spell, ms
 */
export function addSample(spells, ts, value, pause = Infinity) {
  const at = spells.findLastIndex((spell) => spell.first <= ts);
  const before = spells[at];
  const after = spells[at + 1];
  const text = JSON.stringify(value);
  const isSame = (/** @type {Spell | undefined} */ spell) => spell !== undefined && JSON.stringify(spell.value) === text;
  // Within a spell it is known already, or belongs to it.
  if (before && ts <= before.last) return;
  if (before && isSame(before) && ts - before.last <= pause) {
    before.last = ts;
    before.count += 1;
  } else if (after && isSame(after) && after.first - ts <= pause) {
    after.first = ts;
    after.count += 1;
  } else {
    spells.splice(at + 1, 0, { first: ts, last: ts, value, count: 1 });
  }
}

/** A component's spells: its past, and what comes. Drawn at most once per frame. */
export class Spells {
  /** In the order of their times. @type {Spell[]} */
  spells = [];
  /** Whether there may be older ones. */
  hasMore = false;
  /** What went wrong with the last look at the past, for people. @type {string | undefined} */
  error = undefined;
  #component;
  #channel;
  #span;
  #limit;
  #draw;
  /** @type {AbortController | undefined} */
  #request = undefined;
  /** Samples that came while the past was on its way. @type {Sample[]} */
  #meanwhile = [];
  #loadedAt = -Infinity;
  #isPlanned = false;

  /**
   * @param {Component} component
   * @param {object} how
   * @param {string} how.channel
   * @param {number} [how.span] length of the window, ms; all there is if not given
   * @param {number} how.limit the most spells that are kept; the oldest give way
   * @param {() => void} how.draw called when there is something new to draw
   */
  constructor(component, { channel, span, limit, draw }) {
    this.#component = component;
    this.#channel = channel;
    this.#span = span;
    this.#limit = limit;
    this.#draw = draw;
  }

  /** How long a pause ends a spell, ms; never, as long as nobody knows the channel's rhythm. */
  get pause() {
    const every = this.#component.latestOf(this.#channel)?.every ?? this.#component.describeOf(this.#channel).every;
    return every ? Math.max(every * PAUSE_AFTER, PAUSE_MIN_MS) : undefined;
  }

  /** To be called from the component's `changed`. @param {Reason} reason */
  changed(reason) {
    const isBehind = reason === "skipped" && performance.now() - this.#loadedAt > CATCH_UP_MS;
    const isFirst = reason === "connection" && this.#loadedAt === -Infinity && this.#component.blocked !== "Connecting";
    if (reason === "snapshot" || isBehind || isFirst) this.load();
    else if (reason === "time" || reason === "connection" || reason === "describe") this.plan();
  }

  /** To be called from the component's `receive` and `receiveLate`. @param {Sample} sample */
  take(sample) {
    if (this.#request) this.#meanwhile.push(sample);
    else this.#add(sample);
    this.plan();
  }

  /** Fetches the past anew. */
  async load() {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.#loadedAt = performance.now();
    try {
      const { device, deviceState } = this.#component;
      // A channel that never had a value has no past, and asking for it would be an error.
      const isEmpty = deviceState && !deviceState.channels.has(this.#channel);
      const now = clock.now();
      const from = this.#span === undefined ? undefined : now - this.#span;
      const range = { device, channel: this.#channel, from, to: now + AHEAD_MS, limit: this.#limit, pause: this.pause };
      const found = isEmpty ? { spells: [], more: false } : await fetchSpells({ ...range, signal: request.signal });
      this.spells = found.spells;
      this.hasMore = found.more;
      this.error = undefined;
    } catch (error) {
      if (request.signal.aborted) return;
      this.error = error instanceof Error ? error.message : String(error);
    }
    if (this.#request !== request) return;
    this.#request = undefined;
    const latest = this.#component.latestOf(this.#channel);
    if (latest) addSample(this.spells, latest.ts, latest.value, this.pause);
    for (const sample of this.#meanwhile.splice(0)) this.#add(sample);
    this.plan();
  }

  /** @param {Sample} sample */
  #add(sample) {
    addSample(this.spells, sample.ts, sample.value, this.pause);
    const from = this.#span === undefined ? -Infinity : clock.now() - this.#span;
    while (this.spells.length > this.#limit || (this.spells[0] && this.spells[0].last < from && this.spells.length > 1)) this.spells.shift();
  }

  /** Draws with the next frame. */
  plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      if (this.#component.isConnected) this.#draw();
    });
  }

  /** The component has left the page. */
  stop() {
    this.#request?.abort();
  }
}
