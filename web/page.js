/**
 * The page of a device makes itself: when a channel or a description is new, the same address is fetched again and what
 * is new in it is put in its place. Components that are the same stay, with their data.
 */
import { bringToLife, isMapped } from "glassline/kinds";
import { panel } from "glassline/panel";

/** Several new channels in a row are one look at the page, ms. */
const GATHER_MS = 150;
/** Changes that may bring or remove components. */
const SHAPE = new Set(["channels", "describe", "removed"]);

/** @param {HTMLElement} main the page's `main`, with `data-auto` */
export function startPage(main) {
  const device = main.dataset.auto;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let soon;
  let first = true;
  panel.listen((change) => {
    if (!("device" in change) || change.device !== device) return;
    const missed = change.kind === "snapshot" && !(first && shows(main, device));
    if (change.kind === "snapshot") first = false;
    if (!missed && !SHAPE.has(change.kind)) return;
    soon ??= setTimeout(() => {
      soon = undefined;
      renew(main).catch((error) => console.error("this page could not be renewed:", error));
    }, GATHER_MS);
  });
}

/** Whether every channel of the device has its place on the page. @param {HTMLElement} main @param {string} id */
function shows(main, id) {
  const placed = new Set([...main.querySelectorAll("[data-channel]")].map((each) => each.getAttribute("data-channel")));
  const state = panel.watch.devices.get(id);
  const inputs = Object.keys(state?.describe ?? {}).filter((channel) => state?.describe[channel]?.input);
  return [...(state?.channels.keys() ?? []), ...inputs].every((channel) => placed.has(channel));
}

/** @param {HTMLElement} main */
async function renew(main) {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) throw new Error(`the hub answered ${response.status}`);
  const fetched = new DOMParser().parseFromString(await response.text(), "text/html");
  const grid = main.querySelector(".grid");
  const newGrid = fetched.querySelector("main .grid");
  if (!grid || !newGrid) return;
  // An import map cannot be added to later: a kind that needs new names needs a new page.
  if (!namesOf(fetched).every(isMapped)) return location.reload();
  document.title = fetched.title;
  addStyles(fetched);
  merge(grid, newGrid);
  await bringToLife(grid);
}

/** @param {Document} page @returns {string[]} */
function namesOf(page) {
  const map = page.querySelector('script[type="importmap"]')?.textContent;
  return map ? Object.keys(JSON.parse(map).imports ?? {}) : [];
}

/** @param {Document} page */
function addStyles(page) {
  for (const link of page.querySelectorAll('link[rel="stylesheet"]')) {
    const href = link.getAttribute("href");
    if (href && !document.querySelector(`link[href="${CSS.escape(href)}"]`)) document.head.append(document.importNode(link, true));
  }
}

/**
 * Children with the same id, kind and settings stay untouched; others come, go or are replaced.
 * @param {Element} grid
 * @param {Element} newGrid
 */
export function merge(grid, newGrid) {
  const stays = new Map([...grid.children].map((child) => [child.id, child]));
  /** @type {Element | null} */
  let before = null;
  for (const fresh of [...newGrid.children]) {
    const old = stays.get(fresh.id);
    stays.delete(fresh.id);
    if (old && isSame(old, fresh)) {
      before = old;
      continue;
    }
    old?.remove();
    const added = document.importNode(fresh, true);
    if (before) before.after(added);
    else grid.prepend(added);
    before = added;
  }
  for (const gone of stays.values()) gone.remove();
}

/** @param {Element} old @param {Element} fresh */
function isSame(old, fresh) {
  return ["data-component", "data-settings", "data-channel", "data-label"].every((name) => old.getAttribute(name) === fresh.getAttribute(name));
}
