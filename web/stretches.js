/**
 * Spells laid out over a window of time, without holes: stretches in which a channel was something, and those of which nobody
 * knows. Pure.
 */

/** @typedef {import("glassline/spells").Spell} Spell */
/** Part of a window, ms. @typedef {{from: number, to: number, isKnown: boolean, value: unknown}} Stretch */

/**
 * @param {readonly Spell[]} spells in the order of their times
 * @param {object} window
 * @param {number} window.from ms
 * @param {number} window.to ms
 * @param {number} window.until until when the newest value is known to have held, ms
 * @param {number} [window.pause] a state is known to have held until the next value unless that came later than this, ms
 * @returns {Stretch[]}
 */
export function stretches(spells, { from, to, until, pause = Infinity }) {
  /** @type {Stretch[]} */
  const found = [];
  let at = from;
  const add = (/** @type {number} */ end, /** @type {boolean} */ isKnown, /** @type {unknown} */ value) => {
    const stop = Math.min(end, to);
    if (stop <= at) return;
    const last = found.at(-1);
    // What follows itself is one: a pause of less than a pixel need not be seen as two.
    if (last && last.isKnown === isKnown && (!isKnown || JSON.stringify(last.value) === JSON.stringify(value))) last.to = stop;
    else found.push({ from: at, to: stop, isKnown, value });
    at = stop;
  };
  spells.forEach((spell, i) => {
    const next = spells[i + 1]?.first;
    const isHeld = next !== undefined && next - spell.last <= pause;
    add(spell.first, false, undefined);
    add(next === undefined ? Math.max(spell.last, until) : isHeld ? next : spell.last, true, spell.value);
  });
  add(to, false, undefined);
  return found;
}
