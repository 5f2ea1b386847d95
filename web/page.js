/**
 * Keeps the page as new as what it is made from. The page of a device makes itself: when a channel or a description is new, the
 * same address is fetched again and what is new in it is put in its place. So it is for every page when somebody has saved a
 * component or a view. What is the same stays, with its data and with what somebody is typing.
 */
import { panel } from "glassline/panel";
import { Rendered } from "glassline/trusted";

/** Several new channels in a row are one look at the page, ms. */
const GATHER_MS = 150;
/** A page that could not be renewed, because the hub did not answer, is tried again after this, ms … */
const AGAIN_MS = 1000;
/** … so many times in all. Then it stays as it is until the next change. */
const TRIES_MAX = 10;
/** A page whose reader may something else is made anew within this, ms: many may have lost the same right at once. */
const RIGHTS_MS = 300;
/** Changes that may bring or remove components. */
const SHAPE = new Set(["channels", "describe", "removed"]);
/** Where what was typed waits while the page is loaded anew. */
export const KEPT_KEY = "glassline.kept";

/** How `main` was rendered: what is live in it now has other values. @type {Rendered | undefined} */
let rendered;
/** Whether the page is being renewed, and whether it is to be once more behind that. */
let renewing = false;
let again = false;

/** Fields that somebody has typed into, and not sent. @type {WeakSet<EventTarget>} */
const touched = new WeakSet();

/** Whether somebody has typed into a field, and not sent it. @param {Element} field */
export function isTouched(field) {
  return touched.has(field);
}

function followTyping() {
  addEventListener("input", (event) => event.target && touched.add(event.target), true);
  addEventListener("submit", (event) => {
    const form = event.target instanceof HTMLFormElement ? event.target : undefined;
    for (const field of form?.elements ?? []) touched.delete(field);
  }, true);
}

/** Begins to follow what is saved. @param {HTMLElement} main as it was rendered */
export function followFiles(main) {
  rendered = new Rendered(main);
  followTyping();
  panel.listen((change) => {
    // What may be seen and done is another: so is the page.
    if (change.kind === "scopes") setTimeout(() => renewPage(main), Math.random() * RIGHTS_MS);
    if (change.kind !== "swap" || change.library === document.body.dataset.library) return;
    setTimeout(() => renewPage(main), Math.random() * change.within);
  });
}

/** Gives back what was typed before the page was loaded anew, once its components are alive. @param {HTMLElement} main */
export async function giveBackTyped(main) {
  if (!sessionStorage.getItem(KEPT_KEY)) return;
  const { giveBackStored } = await import("glassline/keep");
  giveBackStored(main);
}

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
      renewPage(main);
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

/** Fetches the page again and takes over what is new. One at a time. @param {HTMLElement} main @param {number} [tries] left */
async function renewPage(main, tries = TRIES_MAX) {
  again = renewing;
  if (renewing) return;
  renewing = true;
  try {
    do {
      again = false;
      // Few pages are ever renewed: what it takes is loaded when it is time.
      const { renew } = await import("glassline/renew");
      rendered = await renew(main, rendered ?? new Rendered(main));
    } while (again);
  } catch (error) {
    if (tries > 1) setTimeout(() => renewPage(main, tries - 1), AGAIN_MS);
    else console.error("this page could not be renewed:", error);
  } finally {
    renewing = false;
  }
}
