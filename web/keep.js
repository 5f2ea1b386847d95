/**
 * Keeps what a person has done to a part of the page that is replaced: what was typed, where the cursor is, what is scrolled and
 * unfolded; and gives it to what takes its place.
 */
import { isTouched, KEPT_KEY } from "glassline/page";

/**
 * What is kept of one element.
 * @typedef {object} Kept
 * @property {string} key which one it is
 * @property {string} [value] what was typed
 * @property {boolean} [checked]
 * @property {boolean} [open]
 * @property {[number, number]} [scroll]
 * @property {boolean} [focused]
 * @property {[number, number]} [selection]
 */

/** Most elements that are kept of a page that is loaded anew; what is beyond is not. */
const KEPT_MAX = 200;
/** How long the focus waits for what it was on to be of use again, ms. */
const USABLE_MS = 5000;
/** What a person can do something to. */
const CONTROLS = "input, select, textarea, details, button, a, summary, [tabindex]";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

/** What is to be kept of `root` and what is in it. @param {HTMLElement} root @returns {Kept[]} */
export function keep(root) {
  const keys = keysIn(root);
  const elements = /** @type {HTMLElement[]} */ ([root, ...root.querySelectorAll("*")]);
  return elements.flatMap((element) => {
    const key = keys.get(element);
    const kept = key === undefined ? {} : stateOfElement(element);
    return key !== undefined && Object.keys(kept).length > 0 ? [{ key, ...kept }] : [];
  });
}

/** @param {HTMLElement} element @returns {Omit<Kept, "key">} */
function stateOfElement(element) {
  /** @type {Omit<Kept, "key">} */
  const kept = {};
  const focused = document.activeElement === element;
  if (focused) kept.focused = true;
  if (isField(element) && (isTouched(element) || (focused && !isSlider(element)))) {
    kept.value = element.value;
    if (element instanceof HTMLInputElement && element.type === "checkbox") kept.checked = element.checked;
  }
  if (focused && (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) && element.selectionStart !== null) {
    kept.selection = [element.selectionStart, element.selectionEnd ?? element.selectionStart];
  }
  if (element instanceof HTMLDetailsElement && element.open) kept.open = true;
  if (element.scrollTop > 0 || element.scrollLeft > 0) kept.scroll = [element.scrollLeft, element.scrollTop];
  return kept;
}

/** Gives `root`, which has taken the place of another, what was kept of that. @param {HTMLElement} root @param {Kept[]} all */
export function giveBack(root, all) {
  if (all.length === 0) return;
  const elements = new Map([...keysIn(root)].map(([element, key]) => [key, element]));
  for (const kept of all) {
    const element = elements.get(kept.key);
    if (!element) continue;
    if (kept.open && element instanceof HTMLDetailsElement) element.open = true;
    if (kept.value !== undefined && isField(element)) type(element, kept);
    if (kept.focused) whenUsable(element, () => focus(element, kept));
    if (kept.scroll) [element.scrollLeft, element.scrollTop] = kept.scroll;
  }
}

/** @param {HTMLElement} element @param {Kept} kept */
function focus(element, { selection }) {
  element.focus({ preventScroll: true });
  const isText = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
  if (selection && isText && element.selectionStart !== null) element.setSelectionRange(...selection);
}

/**
 * Does something as soon as an element can be used, unless somebody does something else by then: on a page that was just loaded
 * inputs wait for the connection.
 * @param {HTMLElement} element
 * @param {() => void} step
 */
function whenUsable(element, step) {
  if (!element.matches(":disabled")) return step();
  const observer = new MutationObserver(() => {
    if (element.matches(":disabled")) return;
    observer.disconnect();
    if (document.activeElement === document.body) step();
  });
  observer.observe(element, { attributeFilter: ["disabled"] });
  setTimeout(() => observer.disconnect(), USABLE_MS);
}

/** As if it had been typed there. @param {Field} field @param {Kept} kept */
function type(field, kept) {
  if (field.value === kept.value && kept.checked === undefined) return;
  field.value = kept.value ?? "";
  if (kept.checked !== undefined && field instanceof HTMLInputElement) field.checked = kept.checked;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

/**
 * Does something that takes the focus from `element` without anybody hearing of it: that a field disappears is not the end of
 * typing into it.
 * @param {HTMLElement} element
 * @param {() => void} step
 */
export function hushed(element, step) {
  /** @param {Event} event */
  const hush = (event) => {
    if (event.target instanceof Node && element.contains(event.target)) event.stopImmediatePropagation();
  };
  const types = ["change", "blur", "focusout"];
  for (const type of types) addEventListener(type, hush, true);
  try {
    step();
  } finally {
    for (const type of types) removeEventListener(type, hush, true);
  }
}

/** Keeps all of the page while it is loaded anew. @param {HTMLElement} main */
export function keepStored(main) {
  const kept = { page: location.href, main: keep(main).slice(0, KEPT_MAX), scroll: scrollY };
  sessionStorage.setItem(KEPT_KEY, JSON.stringify(kept));
}

/** Gives it back, to the same page. @param {HTMLElement} main whose components are alive */
export function giveBackStored(main) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT_KEY) ?? "null");
  sessionStorage.removeItem(KEPT_KEY);
  if (kept?.page !== location.href) return;
  giveBack(main, kept.main);
  scrollTo({ top: kept.scroll, behavior: "instant" });
}

/**
 * What tells the elements apart that something can be done to: the component that they are in and their part, their name, or the
 * order of their kind.
 * @param {HTMLElement} root
 * @returns {Map<HTMLElement, string>}
 */
function keysIn(root) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  const found = new Map([[root, ""]]);
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(`${CONTROLS}, [data-part]`))) {
    const component = element.closest("[data-component]");
    const within = component && component !== root ? component.id : "";
    const name = `${within} ${element.dataset.part ?? element.getAttribute("name") ?? ""} ${element.localName}`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    found.set(element, `${name} ${count}`);
  }
  return found;
}

/** @param {Element} element @returns {element is Field} */
function isField(element) {
  return element instanceof HTMLInputElement || element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement;
}

/** One that shows the actual value until it is moved. @param {Element} element */
function isSlider(element) {
  return element instanceof HTMLInputElement && ["range", "checkbox", "radio", "button", "submit"].includes(element.type);
}
