import { clock, Component, cut, duration, shortTime, wholeText } from "glassline";
import { Spells } from "glassline/spells";
import { stretches } from "glassline/stretches";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/stretches").Stretch} Stretch */
/** @typedef {import("glassline/watch").Sample} Sample */

/** The most spells in the window; of more the newest are drawn. */
const SPELLS_MAX = 400;
/** States with a colour of their own; those beyond share one. */
const COLOURS = 6;
/** States that the legend names; the others are one entry. */
const LEGEND_MAX = 8;
/** The longest word for a state, in characters. */
const WORD_MAX = 40;
/** Narrower than this, in percent of the lane, a stretch has no room for its word. */
const ROOM_FOR_WORD = 6;

export default class StateTimeline extends Component {
  /** @type {Spells | undefined} */
  #spells;
  /** Colours by the text of the state, in the order in which states were met. @type {Map<string, string>} */
  #colours = new Map();

  connected() {
    this.#spells = new Spells(this, { channel: this.channel, span: this.#span, limit: SPELLS_MAX, draw: () => this.#draw() });
  }

  disconnected() {
    this.#spells?.stop();
  }

  /** @param {Sample} sample */
  receive(sample) {
    this.part("now").textContent = this.#word(sample.value);
    this.#spells?.take(sample);
  }

  /** @param {Sample} sample */
  receiveLate(sample) {
    this.#spells?.take(sample);
  }

  /** @param {Reason} reason */
  changed(reason) {
    this.#spells?.changed(reason);
    if (reason === "presence") this.#spells?.plan();
  }

  /** ms */
  get #span() {
    return Math.max(1, Number(this.settings.minutes) || 60) * 60_000;
  }

  /** Until when the newest value is known to have held, ms: a device that is away, or has fallen silent, may be something else by now. */
  get #knownUntil() {
    const now = clock.now();
    const { latest, deviceState } = this;
    if (this.state === "fresh" || this.state === "late") return now;
    if (this.state === "gone" && deviceState?.since !== undefined && latest?.every === undefined) return Math.min(now, deviceState.since);
    return Math.min(now, latest?.ts ?? now);
  }

  #draw() {
    const spells = this.#spells;
    if (!spells) return;
    const to = clock.now();
    const from = to - this.#span;
    const found = stretches(spells.spells, { from, to, until: this.#knownUntil, pause: spells.pause });
    const isLoaded = spells.error === undefined;
    this.#drawLane(found, from, to);
    this.#drawLegend(found, to - from);
    for (const [part, at] of /** @type {const} */ ([["begin", from], ["middle", (from + to) / 2]])) {
      const shown = shortTime(at, to);
      if (this.part(part).textContent !== shown) this.part(part).textContent = shown;
    }
    const said = isLoaded ? (spells.hasMore ? say("timeline.more") : "") : say("timeline.problem", { reason: spells.error ?? "" });
    if (this.part("problem").textContent !== said) this.part("problem").textContent = said;
  }

  /** @param {Stretch[]} found @param {number} from @param {number} to */
  #drawLane(found, from, to) {
    const lane = this.part("lane");
    found.forEach((stretch, i) => {
      const piece = lane.children[i] ?? lane.appendChild(document.createElement("span"));
      const begin = ((stretch.from - from) / (to - from)) * 100;
      const size = ((stretch.to - stretch.from) / (to - from)) * 100;
      piece.style.setProperty("--begin", `${begin.toFixed(3)}%`);
      piece.style.setProperty("--size", `${size.toFixed(3)}%`);
      const word = stretch.isKnown ? this.#word(stretch.value) : say("timeline.unknown");
      const colour = stretch.isKnown ? this.#colour(stretch.value) : "unknown";
      if (piece.dataset.colour !== colour) piece.dataset.colour = colour;
      const shown = size >= ROOM_FOR_WORD ? word : "";
      if (piece.textContent !== shown) piece.textContent = shown;
      const time = duration(stretch.to - stretch.from);
      piece.title = say("timeline.spell", { state: word, time, from: shortTime(stretch.from, to), to: shortTime(stretch.to, to) });
    });
    while (lane.children.length > found.length) lane.lastElementChild.remove();
  }

  /** Each state with its share of the time. @param {Stretch[]} found @param {number} span ms */
  #drawLegend(found, span) {
    /** @type {Map<string, {colour: string, time: number}>} */
    const shares = new Map();
    for (const stretch of found) {
      const word = stretch.isKnown ? this.#word(stretch.value) : say("timeline.unknown");
      const share = shares.get(word) ?? { colour: stretch.isKnown ? this.#colour(stretch.value) : "unknown", time: 0 };
      share.time += stretch.to - stretch.from;
      shares.set(word, share);
    }
    // In the order in which they were met: an order by share would jump.
    const entries = [...shares].slice(0, LEGEND_MAX).map(([state, { colour, time }]) => ({ state, colour, share: Math.round((time / span) * 100) }));
    const legend = this.part("legend");
    entries.forEach(({ state, colour, share }, i) => {
      const item = legend.children[i] ?? legend.appendChild(document.createElement("li"));
      const shown = say("timeline.share", { state, share: share < 1 ? "< 1" : share });
      if (item.textContent !== shown) item.textContent = shown;
      if (item.dataset.colour !== colour) item.dataset.colour = colour;
    });
    while (legend.children.length > entries.length) legend.lastElementChild.remove();
    const states = entries.map(({ state, share }) => say("timeline.share", { state, share })).join(", ") || say("timeline.none");
    this.part("lane").setAttribute("aria-label", say("timeline.about", { label: this.label, minutes: this.#span / 60_000, states }));
  }

  /** @param {unknown} value */
  #word(value) {
    return cut(String((this.settings.words ?? {})[key(value)] ?? wholeText(value)), WORD_MAX);
  }

  /** @param {unknown} value @returns {string} */
  #colour(value) {
    const tone = (this.settings.tones ?? {})[key(value)];
    if (["good", "warning", "bad", "neutral"].includes(tone)) return tone;
    if (typeof value === "boolean") return value ? "0" : "neutral";
    const known = this.#colours.get(key(value));
    if (known !== undefined) return known;
    const made = this.#colours.size < COLOURS ? String(this.#colours.size) : "other";
    if (this.#colours.size < COLOURS) this.#colours.set(key(value), made);
    return made;
  }
}

/** A value as the settings name it. @param {unknown} value */
function key(value) {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
