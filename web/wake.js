/**
 * Whether this page is awake. A tab can be frozen, put aside by the browser, or sleep with its machine: then nothing is shown in time,
 * and what it knew is old when it wakes.
 */
import { Stopwatch } from "glassline/age";

/** A visible page whose timers come this much too late, ms, was not awake meanwhile. */
const SLEPT_MS = 5000;

/**
 * @param {object} wiring
 * @param {number} wiring.tickMs
 * @param {() => void} wiring.tick every so often, and when the page is seen again
 * @param {() => void} wiring.sleeps it is about to be frozen: the last moment at which it can say so
 * @param {() => void} wiring.wakes it was not awake, or on another network: what it knows may be old
 * @param {() => void} wiring.shows it is seen again
 */
export function wakeful({ tickMs, tick, sleeps, wakes, shows }) {
  const ticked = new Stopwatch();
  setInterval(() => {
    // The browser slows down the timers of a page that nobody sees.
    const slept = !document.hidden && ticked.ms > tickMs + SLEPT_MS;
    ticked.restart();
    if (slept) wakes();
    tick();
  }, tickMs);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    ticked.restart();
    shows();
    tick();
  });
  document.addEventListener("freeze", sleeps);
  document.addEventListener("resume", wakes);
  addEventListener("pagehide", (event) => event.persisted && sleeps());
  addEventListener("pageshow", (event) => event.persisted && wakes());
  for (const type of ["online", "offline"]) addEventListener(type, wakes);
}
