/**
 * How an element of the page becomes a component, and may become another version of it. A custom element can be registered
 * once: what is registered for `gl-gauge` is a shell, and each new element is handed to the class that the author wrote, as it is
 * at that moment.
 */
import { showTile } from "glassline/tile";

/** @typedef {{new (): HTMLElement, prototype: HTMLElement}} ComponentClass a class that extends Component */

/** The element that a component class is being made of. @type {HTMLElement | undefined} */
let pending;
/** What elements of a kind become: a class, or why there is none. @type {Map<string, {as: ComponentClass} | {error: unknown}>} */
const classes = new Map();
/** Why an element is none. @type {WeakMap<HTMLElement, {kind: string, error: unknown}>} */
const reasons = new WeakMap();

/** Stands in for the constructor of HTMLElement: gives the element that is there already. */
function adopted() {
  const element = pending;
  pending = undefined;
  if (!element) throw new TypeError("a component is made by its page, not by `new`");
  return element;
}
adopted.prototype = HTMLElement.prototype;

/** What Component extends: an HTMLElement that need not be made, because it is there. */
export const AdoptedElement = /** @type {typeof HTMLElement} */ (/** @type {unknown} */ (adopted));

/** An element that could not become a component. */
class BrokenElement extends HTMLElement {
  connectedCallback() {
    const reason = reasons.get(this);
    if (reason) showTile(this, reason.kind, reason.error);
  }
}

/** What new elements of a kind become from now on. @param {string} kind @param {{as: ComponentClass} | {error: unknown}} what */
export function become(kind, what) {
  classes.set(kind, what);
}

/** Has all elements of a kind become what was said last; those that have already become something stay that. @param {string} kind */
export function begin(kind) {
  if (customElements.get(`gl-${kind}`)) return;
  customElements.define(`gl-${kind}`, shell(kind));
}

/** @param {string} kind @returns {CustomElementConstructor} */
function shell(kind) {
  return class extends HTMLElement {
    constructor() {
      super();
      adopt(this, kind);
    }

    // The browser has noted these functions; the element has another class by then.
    connectedCallback() {
      /** @type {any} */ (Object.getPrototypeOf(this)).connectedCallback.call(this);
    }

    disconnectedCallback() {
      /** @type {any} */ (Object.getPrototypeOf(this)).disconnectedCallback?.call(this);
    }
  };
}

/** @param {HTMLElement} element @param {string} kind */
function adopt(element, kind) {
  const what = classes.get(kind);
  try {
    if (!what || "error" in what) throw what?.error ?? new Error("there is no class");
    Object.setPrototypeOf(element, what.as.prototype);
    pending = element;
    new what.as();
  } catch (error) {
    pending = undefined;
    Object.setPrototypeOf(element, BrokenElement.prototype);
    reasons.set(element, { kind, error });
  }
}
