/**
 * The cross-hair that all charts of a page share: pointing at a time in one shows that time in all of them.
 */

/** @typedef {(at: number | undefined) => void} Show  ms; undefined: nobody points at anything */

/** @type {Set<Show>} */
const charts = new Set();

/** A chart takes part from now on. @param {Show} show called when somebody points at a time, or no longer does @returns {() => void} ends it */
export function shareCrosshair(show) {
  charts.add(show);
  return () => charts.delete(show);
}

/** Somebody points at this time, in whichever chart. @param {number | undefined} at ms */
export function pointAt(at) {
  for (const show of charts) show(at);
}
