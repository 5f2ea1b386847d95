import { clock, Component, cut, exactTime, shortTime, wholeText } from "glassline";
import { Spells } from "glassline/spells";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/spells").Spell} Spell */
/** @typedef {import("glassline/watch").Sample} Sample */

/** The most messages that can be kept. */
const MOST = 200;
/** The longest text of a message that is shown, in characters. */
const TEXT_MAX = 2000;
/** The longest word for a level, in characters. */
const LEVEL_MAX = 12;

/** What senders call their levels, and how grave that is. @type {Record<string, string>} */
const GRAVE = {
  fatal: "bad", critical: "bad", crit: "bad", emergency: "bad", alert: "bad", alarm: "bad", error: "bad", err: "bad",
  warning: "warning", warn: "warning", debug: "quiet", trace: "quiet", verbose: "quiet",
};

export default class Log extends Component {
  /** @type {Spells | undefined} */
  #spells;
  /** The line of each spell: what stays is not touched. @type {WeakMap<Spell, HTMLElement>} */
  #lines = new WeakMap();

  connected() {
    const limit = Math.max(1, Math.min(MOST, Math.floor(this.settings.most) || 1));
    this.#spells = new Spells(this, { channel: this.channel, limit, draw: () => this.#draw() });
  }

  disconnected() {
    this.#spells?.stop();
  }

  /** @param {Sample} sample */
  receive(sample) {
    this.#spells?.take(sample);
  }

  /** @param {Sample} sample */
  receiveLate(sample) {
    this.#spells?.take(sample);
  }

  /** @param {Reason} reason */
  changed(reason) {
    this.#spells?.changed(reason);
  }

  /** The newest first: they stand where one looks first, and who has scrolled to an older one stays there. */
  #draw() {
    const { spells = [], error } = this.#spells ?? {};
    const lines = this.part("lines");
    const now = clock.now();
    const wanted = spells.toReversed().map((spell) => this.#line(spell, now));
    let at = lines.querySelector(":scope > .line");
    for (const line of wanted) {
      if (line === at) at = at.nextElementSibling;
      else lines.insertBefore(line, at);
    }
    while (at) {
      const next = at.nextElementSibling;
      at.remove();
      at = next;
    }
    const none = this.part("none");
    const said = error === undefined ? say("log.none") : say("log.problem", { reason: error });
    if (none.textContent !== said) none.textContent = said;
    none.hidden = error === undefined && spells.length > 0;
  }

  /** @param {Spell} spell @param {number} now ms @returns {HTMLElement} */
  #line(spell, now) {
    const known = this.#lines.get(spell);
    const line = known ?? this.part("line").content.firstElementChild.cloneNode(true);
    const write = (/** @type {string} */ part, /** @type {string} */ content, title = "") => {
      const found = line.querySelector(`[data-part="${part}"]`);
      if (found.textContent !== content) found.textContent = content;
      if (found.title !== title) found.title = title;
    };
    if (!known) {
      this.#lines.set(spell, line);
      const { level, text } = read(spell.value);
      line.dataset.grave = GRAVE[level.toLowerCase()] ?? "";
      write("level", cut(level, LEVEL_MAX));
      write("text", cut(text, TEXT_MAX));
    }
    write("when", shortTime(spell.last, now), exactTime(spell.last));
    const often = spell.count > 1 ? say("log.count", { count: spell.count }) : "";
    write("count", often, often && say("log.times", { count: spell.count, time: exactTime(spell.first) }));
    return line;
  }
}

/**
 * What a message says and how grave it is, of the ways in which programs write it.
 * @param {unknown} value
 * @returns {{level: string, text: string}}
 */
function read(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return { level: "", text: wholeText(value) };
  const { level, severity, message, text, msg, ...others } = /** @type {Record<string, unknown>} */ (value);
  const said = message ?? text ?? msg;
  const rest = Object.keys(others).length > 0 ? ` ${JSON.stringify(others)}` : "";
  return { level: String(level ?? severity ?? ""), text: said === undefined ? JSON.stringify(value) : `${wholeText(said)}${rest}` };
}
