/**
 * Takes over what is new in a page: fetches its address again, loads the scripts and styles that are others, and merges.
 */
import { keepStored } from "glassline/keep";
import { bringToLife, loadNewer } from "glassline/kinds";
import { mergeChildren } from "glassline/merge";
import { pageOf, Rendered } from "glassline/trusted";

/** How long a new style may take before the page goes on without it, ms. */
const STYLE_MS = 2000;

/**
 * @param {HTMLElement} main
 * @param {Rendered} rendered what was in `main` as it came from the hub
 * @returns {Promise<Rendered>} the same of the page as it is now
 */
export async function renew(main, rendered) {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  // The answer to something that was pressed has no address of its own: it stays as it is.
  if (response.status === 405) return rendered;
  // A view that is gone has a page that says so.
  if (!response.ok && response.status !== 404) throw new Error(`the hub answered ${response.status}`);
  const page = await pageOf(response);
  const fresh = page.querySelector("main");
  if (!fresh || page.body.dataset.library === undefined) throw new Error("the hub answered with something else");
  if (needsWholePage(main, page, fresh)) {
    keepStored(main);
    location.reload();
    return rendered;
  }
  const renewed = new Rendered(fresh);
  const [forget] = await Promise.all([addStyles(page), loadNewer(page)]);
  mergeChildren(main, rendered.tree(), fresh);
  takeHead(main, page, fresh);
  await bringToLife(main);
  forget();
  return renewed;
}

/**
 * Whether the page has to be loaded anew: the browser runtime is another one, or its view brings a script, which can only be run
 * once and knows what was there when it ran.
 * @param {HTMLElement} main
 * @param {Document} page
 * @param {HTMLElement} fresh
 */
function needsWholePage(main, page, fresh) {
  if (document.querySelector("[data-stage]") || page.body.dataset.runtime !== document.body.dataset.runtime) return true;
  const script = (/** @type {Document} */ of) => of.querySelector('head > script[src*="/assets/view-"]')?.getAttribute("src");
  const [before, now] = [script(document), script(page)];
  return before !== now || (now !== undefined && main.dataset.made !== fresh.dataset.made);
}

/** What stands around the components. @param {HTMLElement} main @param {Document} page @param {HTMLElement} fresh */
function takeHead(main, page, fresh) {
  document.title = page.title;
  for (const name of ["data-library", "data-view", "data-page"]) document.body.setAttribute(name, page.body.getAttribute(name) ?? "");
  for (const name of ["class", "data-view", "data-made"]) main.setAttribute(name, fresh.getAttribute(name) ?? "");
  const [nav, newNav] = [document.querySelector(".nav"), page.querySelector(".nav")];
  if (nav && newNav && nav.innerHTML !== newNav.innerHTML) nav.replaceChildren(...document.importNode(newNav, true).childNodes);
}

/**
 * Adds the styles that are new and waits for them; what it returns takes those away that are no longer there. In between both
 * count, so that nothing is ever without its style.
 * @param {Document} page
 * @returns {Promise<() => void>}
 */
async function addStyles(page) {
  const hrefs = [...page.querySelectorAll('link[rel="stylesheet"]')].map((link) => link.getAttribute("href") ?? "");
  const links = () => /** @type {HTMLLinkElement[]} */ ([...document.querySelectorAll('link[rel="stylesheet"]')]);
  const before = links();
  const known = new Map(before.map((link) => [link.getAttribute("href"), link]));
  const loading = [];
  let last = before.at(-1);
  for (const href of hrefs) {
    if (known.has(href)) continue;
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    loading.push(new Promise((resolve) => {
      link.addEventListener("load", resolve);
      link.addEventListener("error", resolve);
      setTimeout(resolve, STYLE_MS);
    }));
    if (last) last.after(link);
    else document.head.append(link);
    last = link;
  }
  await Promise.all(loading);
  return () => {
    for (const link of before) if (!hrefs.includes(link.getAttribute("href") ?? "")) link.remove();
  };
}
