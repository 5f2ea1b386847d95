/**
 * The controls of a component: what they hold, when using one sends something, and when they are locked.
 */

/** Keys that leave a control as it is. */
const HARMLESS = new Set(["Tab", "Escape", "Shift", "Control", "Alt", "Meta"]);
/** What changes a control before anybody is asked. */
const CHANGES = ["mousedown", "touchstart", "keydown"];

export class Controls {
  #element;
  #isBusy = false;
  /** What had the focus when it was locked; a locked control cannot have it. @type {HTMLElement | undefined} */
  #focused = undefined;

  /**
   * @param {HTMLElement} element the component
   * @param {(event: Event) => void} use a control marked `data-send` was used, and is not locked
   */
  constructor(element, use) {
    this.#element = element;
    for (const type of ["click", "change", "submit"]) element.addEventListener(type, (event) => this.#used(event, use));
    for (const type of CHANGES) element.addEventListener(type, (event) => this.#hold(event), { passive: false });
  }

  /**
   * Locks and unlocks: disabled with the reason where nothing can be sent; busy, but still in the tab order, while a command is
   * under way.
   * @param {{blocked: string | undefined, busy: boolean}} how
   */
  show({ blocked, busy }) {
    this.#isBusy = busy;
    if (blocked !== undefined) this.#rememberFocus();
    for (const sender of this.#element.querySelectorAll("[data-send]")) {
      const controls = sender instanceof HTMLFormElement ? [...sender.elements] : [sender];
      for (const each of /** @type {HTMLElement[]} */ (controls)) {
        if (busy && (each === sender || each instanceof HTMLButtonElement)) each.setAttribute("aria-disabled", "true");
        else each.removeAttribute("aria-disabled");
        each.toggleAttribute("disabled", blocked !== undefined);
        if (each.title !== (blocked ?? "")) each.title = blocked ?? "";
      }
    }
    this.#element.toggleAttribute("data-busy", busy);
    if (blocked === undefined) this.#giveFocusBack();
  }

  /** @param {Event} event @param {(event: Event) => void} use */
  #used(event, use) {
    const sender = this.#senderOf(event);
    if (!sender || sender.matches(":disabled")) return;
    const expected = sender instanceof HTMLFormElement ? "submit" : sender instanceof HTMLButtonElement ? "click" : "change";
    if (event.type === "submit") event.preventDefault();
    if (event.type === expected) use(event);
  }

  /** While a command is under way a control does not even move; what is typed into a form is not sent yet. @param {Event} event */
  #hold(event) {
    const sender = this.#isBusy ? this.#senderOf(event) : null;
    if (!sender || sender instanceof HTMLFormElement) return;
    if (!(event instanceof KeyboardEvent && HARMLESS.has(event.key))) event.preventDefault();
  }

  /** @param {Event} event @returns {Element | null} */
  #senderOf(event) {
    const sender = event.target instanceof Element ? event.target.closest("[data-send]") : null;
    return sender && this.#element.contains(sender) ? sender : null;
  }

  #rememberFocus() {
    const active = document.activeElement;
    if (active instanceof HTMLElement && active !== this.#element && this.#element.contains(active)) this.#focused = active;
  }

  #giveFocusBack() {
    const focused = this.#focused;
    this.#focused = undefined;
    const isFree = !document.activeElement || document.activeElement === document.body;
    if (focused?.isConnected && isFree) focused.focus({ preventScroll: true });
  }
}

/** The control that an event is about. @param {Event} event @returns {Element} */
export function controlOf(event) {
  const target = /** @type {Element} */ (event.target);
  return target.closest("[data-send]") ?? target;
}

/**
 * What a control holds.
 * @param {Element} from
 * @param {Record<string, any>} settings
 * @returns {unknown}
 */
export function heldBy(from, settings) {
  if (from instanceof HTMLFormElement) return heldBy(from.elements[0], settings);
  if (from instanceof HTMLInputElement) {
    if (from.type === "checkbox") return from.checked;
    if (from.type !== "number" && from.type !== "range") return from.value;
    return Number.isFinite(from.valueAsNumber) ? from.valueAsNumber : undefined;
  }
  if (from instanceof HTMLSelectElement || from instanceof HTMLTextAreaElement) return from.value;
  return settings.sends ?? true;
}
