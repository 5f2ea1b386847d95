/**
 * Brings the components of a page to life: for each kind its script, its custom element, or its red tile.
 */
import { Component } from "glassline/component";
import { showTile } from "glassline/tile";

/** @type {Map<string, Promise<void>>} */
const begun = new Map();

/** Loads and defines every kind found below `root`; one that fails takes no other with it. @param {ParentNode} root */
export async function bringToLife(root) {
  const kinds = new Set([...root.querySelectorAll("[data-component]")].filter(isElement).map((found) => found.dataset.component ?? ""));
  await Promise.all([...kinds].map((kind) => define(kind)));
}

/** @param {string} kind @returns {Promise<void>} */
function define(kind) {
  const known = begun.get(kind);
  if (known) return known;
  const made = load(kind).then(
    (component) => customElements.define(`gl-${kind}`, component),
    (error) => {
      for (const element of document.querySelectorAll(`gl-${kind}`)) showTile(/** @type {HTMLElement} */ (element), kind, error);
    },
  );
  begun.set(kind, made);
  return made;
}

/** @param {string} kind @returns {Promise<CustomElementConstructor>} */
async function load(kind) {
  const name = `component/${kind}`;
  // A component without a script of its own is one with the defaults.
  if (!isMapped(name)) return class extends Component {};
  const module = await import(name);
  const component = module.default;
  if (typeof component !== "function" || !(component.prototype instanceof Component)) {
    throw new TypeError("element.js must have a default export: a class that extends Component");
  }
  return component;
}

/** Whether the page's import map has this name. @param {string} name */
export function isMapped(name) {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Real components, not tiles that say that one is missing. @param {Element} element @returns {element is HTMLElement} */
function isElement(element) {
  return element instanceof HTMLElement && element.localName === `gl-${element.dataset.component}`;
}
