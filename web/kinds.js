/**
 * Brings the components of a page to life: for each kind its script, its custom element, or its red tile. When a script has
 * changed since, the next elements of its kind are of the new one.
 */
import { Component } from "glassline/component";
import { become, begin } from "glassline/element";

/** @typedef {import("glassline/element").ComponentClass} ComponentClass */

/** Where the script of each component is now, by its module name. @type {Record<string, string>} */
let addresses = mapOf(document);
/** By kind: the script that is loaded, and when that is so. @type {Map<string, {address: string, loaded: Promise<void>}>} */
const begun = new Map();

/** Loads and defines every kind found below `root`; one that fails takes no other with it. @param {ParentNode} root */
export async function bringToLife(root) {
  await Promise.all(kindsBelow(root).map((kind) => loadKind(kind).then(() => begin(kind))));
}

/**
 * Takes over where a newer page has its scripts, and loads those of the components on it that this page does not have: elements
 * that are made from now on are of those.
 * @param {Document} page
 */
export async function loadNewer(page) {
  addresses = mapOf(page);
  await Promise.all(kindsBelow(page).map((kind) => loadKind(kind)));
}

/** @param {string} kind @returns {Promise<void>} */
function loadKind(kind) {
  const address = addresses[`component/${kind}`] ?? "";
  const known = begun.get(kind);
  if (known?.address === address) return known.loaded;
  const loaded = classOf(address).then((as) => become(kind, { as }), (error) => become(kind, { error }));
  begun.set(kind, { address, loaded });
  return loaded;
}

/** @param {string} address @returns {Promise<ComponentClass>} */
async function classOf(address) {
  // A component without a script of its own is one with the defaults.
  if (!address) return class extends Component {};
  const module = await import(address).catch(async (error) => {
    const { locate } = await import("glassline/locate");
    throw await locate(error, address);
  });
  const component = module.default;
  if (typeof component !== "function" || !(component.prototype instanceof Component)) {
    throw new TypeError("element.js must have a default export: a class that extends Component");
  }
  return component;
}

/** The kinds of real components, not those of tiles that say that one is missing. @param {ParentNode} root @returns {string[]} */
function kindsBelow(root) {
  const components = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-component]"));
  const kinds = [...components].filter((found) => found.localName === `gl-${found.dataset.component}`);
  return [...new Set(kinds.map((found) => found.dataset.component ?? ""))];
}

/** The import map of a page. @param {Document} page @returns {Record<string, string>} */
function mapOf(page) {
  const map = page.querySelector('script[type="importmap"]')?.textContent;
  return map ? (JSON.parse(map).imports ?? {}) : {};
}
