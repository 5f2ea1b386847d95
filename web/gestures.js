/**
 * What hands do with a chart: dragging zooms, with Shift it moves, so does a finger; two fingers and the wheel with Ctrl zoom;
 * a double click is back to live; the keys do all of it too.
 */
import { MOVE_STEP, ZOOM_STEP } from "glassline/stretch";

/** A shorter way is a click, px. */
const DRAG_MIN_PX = 6;
/** Zoom of one px of a wheel with Ctrl. */
const WHEEL_ZOOM = 0.0025;
/** Samples passed by Page Up and Page Down. */
const PAGE_STEPS = 10;

/** @typedef {{from: number, to: number}} Window  ms */
/**
 * What a chart does when it is told to.
 * @typedef {object} Chart
 * @property {() => Window} window what it shows
 * @property {(left: number) => number} timeAt ms; px from the left of the drawing
 * @property {(at: number | undefined) => void} point the cross-hair, ms
 * @property {(steps: number) => void} step the cross-hair by so many samples
 * @property {(end: "first" | "last") => void} jump the cross-hair to an end of what is shown
 * @property {(from: number, to: number) => void} see this stretch, ms
 * @property {(from: number) => void} moveTo a stretch as long as now that begins there, ms
 * @property {(factor: number, at?: number) => void} zoom
 * @property {(share: number) => void} move by a share of what is shown
 * @property {() => void} live
 */

/** Mouse, pen, fingers and wheel. @param {HTMLElement} over the drawing @param {Chart} chart */
export function followPointers(over, chart) {
  const selection = document.createElement("div");
  selection.className = "selection";
  selection.hidden = true;
  over.append(selection);
  /** Where each pointer that is down is now, px. @type {Map<number, number>} */
  const down = new Map();
  /** What the pointers do, from where. @type {{does: "nothing" | "select" | "move" | "pinch", x: number, window: Window, times: number[]}} */
  let drag = { does: "nothing", x: 0, window: { from: 0, to: 0 }, times: [] };
  const x = (/** @type {MouseEvent} */ event) => event.clientX - over.getBoundingClientRect().left;

  const begin = (/** @type {typeof drag.does} */ does, /** @type {number} */ at) => {
    drag = { does, x: at, window: chart.window(), times: [...down.values()].map(chart.timeAt) };
  };
  const end = () => {
    selection.hidden = true;
    drag.does = "nothing";
  };

  over.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    down.set(event.pointerId, x(event));
    over.setPointerCapture(event.pointerId);
    const isTouch = event.pointerType === "touch";
    if (down.size === 2) begin("pinch", x(event));
    else begin(isTouch || event.shiftKey || event.button === 1 ? "move" : "select", x(event));
    if (!isTouch) event.preventDefault();
  });
  over.addEventListener("pointermove", (event) => {
    const at = x(event);
    if (down.has(event.pointerId)) down.set(event.pointerId, at);
    if (drag.does === "pinch") pinch(chart, over.clientWidth, drag.times, [...down.values()]);
    else if (drag.does === "select") showSelection(selection, drag.x, at, over.clientWidth);
    else if (drag.does === "move" && Math.abs(at - drag.x) >= DRAG_MIN_PX) {
      chart.moveTo(drag.window.from - ((at - drag.x) * (drag.window.to - drag.window.from)) / over.clientWidth);
      return chart.point(undefined);
    }
    if (event.pointerType !== "touch") chart.point(chart.timeAt(at));
  });
  over.addEventListener("pointerup", (event) => {
    const at = x(event);
    const isClick = Math.abs(at - drag.x) < DRAG_MIN_PX;
    if (drag.does === "select" && !isClick) chart.see(chart.timeAt(Math.max(0, Math.min(at, drag.x))), chart.timeAt(Math.min(over.clientWidth, Math.max(at, drag.x))));
    if (drag.does === "move" && isClick) chart.point(chart.timeAt(at));
    down.delete(event.pointerId);
    end();
  });
  over.addEventListener("pointercancel", (event) => {
    down.delete(event.pointerId);
    end();
  });
  over.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && chart.point(undefined));
  over.addEventListener("dblclick", () => chart.live());
  over.addEventListener("wheel", (event) => turn(event, chart, chart.timeAt(x(event)), over.clientWidth), { passive: false });
}

/** Two fingers: the times that they hold stay below them. @param {Chart} chart @param {number} width px @param {number[]} times ms @param {number[]} places px */
function pinch(chart, width, times, places) {
  const [left, right] = places[0] < places[1] ? [0, 1] : [1, 0];
  const apart = places[right] - places[left];
  if (places.length !== 2 || apart < DRAG_MIN_PX) return;
  const perPixel = (times[right] - times[left]) / apart;
  if (perPixel <= 0) return;
  const from = times[left] - places[left] * perPixel;
  chart.see(from, from + width * perPixel);
}

/** @param {HTMLElement} selection @param {number} from @param {number} to @param {number} width px */
function showSelection(selection, from, to, width) {
  const [left, right] = [Math.max(0, Math.min(from, to)), Math.min(width, Math.max(from, to))];
  selection.hidden = right - left < DRAG_MIN_PX;
  selection.style.left = `${left}px`;
  selection.style.width = `${right - left}px`;
}

/** @param {WheelEvent} event @param {Chart} chart @param {number} at ms @param {number} width px */
function turn(event, chart, at, width) {
  const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  // Anything else scrolls the page.
  if (!event.ctrlKey && !event.metaKey && !isSideways) return;
  event.preventDefault();
  // Firefox counts in lines.
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
  if (event.ctrlKey || event.metaKey) chart.zoom(Math.exp(event.deltaY * unit * WHEEL_ZOOM), at);
  else chart.move(((event.deltaX || event.deltaY) * unit) / width);
}

/** What a key does. @type {Record<string, (chart: Chart, isShifted: boolean) => void>} */
const KEYS = {
  ArrowLeft: (chart, isShifted) => (isShifted ? chart.move(-MOVE_STEP) : chart.step(-1)),
  ArrowRight: (chart, isShifted) => (isShifted ? chart.move(MOVE_STEP) : chart.step(1)),
  PageUp: (chart) => chart.step(-PAGE_STEPS),
  PageDown: (chart) => chart.step(PAGE_STEPS),
  Home: (chart) => chart.jump("first"),
  End: (chart) => chart.jump("last"),
  "+": (chart) => chart.zoom(ZOOM_STEP),
  "=": (chart) => chart.zoom(ZOOM_STEP),
  "-": (chart) => chart.zoom(1 / ZOOM_STEP),
  Escape: (chart) => chart.live(),
};

/** @param {HTMLElement} focused where the keys are typed @param {Chart} chart @param {AbortSignal} signal ends it */
export function followKeys(focused, chart, signal) {
  const press = (/** @type {KeyboardEvent} */ event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(chart, event.shiftKey);
  };
  focused.addEventListener("keydown", press, { signal });
  focused.addEventListener("blur", () => chart.point(undefined), { signal });
}
