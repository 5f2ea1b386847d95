/**
 * The dialog in which a person names a device, labels it, or deletes it after a question. Its HTML is `device-dialog.html`, in
 * the template of the component that opens it.
 */
import { reasonOf } from "glassline/history";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Component} Component */

/** Whom it is about, as it is called now. @typedef {{id: string, name: string, labels: string[]}} Called */

export class DeviceDialog {
  #of;
  #removed;
  /** @type {Called} */
  #device = { id: "", name: "", labels: [] };
  /** Whether something is asked of the hub at the moment. */
  #isBusy = false;

  /**
   * @param {Component} of whose template has the dialog
   * @param {(id: string) => void} [removed] called when a device was deleted
   */
  constructor(of, removed = () => {}) {
    this.#of = of;
    this.#removed = removed;
    this.#on("dialog-form", "submit", () => this.#save());
    this.#on("dialog-question", "submit", () => this.#remove());
    this.#on("dialog-cancel", "click", () => this.#dialog.close());
    this.#on("dialog-remove", "click", () => this.#ask(true));
    this.#on("dialog-keep", "click", () => this.#ask(false));
  }

  /** @param {Called} device */
  open(device) {
    this.#device = device;
    const isNamed = device.name !== device.id;
    this.#of.part("dialog-title").textContent = isNamed ? `${device.name} · ${device.id}` : device.id;
    this.#of.part("dialog-name").value = isNamed ? device.name : "";
    this.#of.part("dialog-labels").value = device.labels.join(", ");
    this.#of.part("dialog-question-title").textContent = say("device.remove.question", { name: device.name });
    this.#of.part("dialog-do").textContent = say("device.remove.do", { id: device.id });
    this.#of.part("dialog-question").hidden = true;
    this.#of.part("dialog-form").hidden = false;
    this.#problem("");
    this.#dialog.showModal();
  }

  /** @returns {HTMLDialogElement} */
  get #dialog() {
    return this.#of.part("dialog");
  }

  /** The question takes the place of the form, with the harmless answer in focus; or the other way round. @param {boolean} isAsked */
  #ask(isAsked) {
    this.#of.part("dialog-form").hidden = isAsked;
    this.#of.part("dialog-question").hidden = !isAsked;
    this.#problem("");
    this.#of.part(isAsked ? "dialog-keep" : "dialog-remove").focus();
  }

  #save() {
    const labels = String(this.#of.part("dialog-labels").value).split(",").map((label) => label.trim()).filter((label) => label !== "");
    return this.#say("PATCH", { name: this.#of.part("dialog-name").value, labels });
  }

  async #remove() {
    if (await this.#say("DELETE")) this.#removed(this.#device.id);
  }

  /** @param {"PATCH" | "DELETE"} method @param {unknown} [body] @returns {Promise<boolean>} whether the hub did it */
  async #say(method, body) {
    if (this.#isBusy) return false;
    this.#isBusy = true;
    try {
      const headers = { accept: "application/json", ...(body ? { "content-type": "application/json" } : {}) };
      const response = await fetch(`/api/devices/${encodeURIComponent(this.#device.id)}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
      if (!response.ok) throw new Error(await reasonOf(response));
      this.#dialog.close();
      return true;
    } catch (error) {
      this.#problem(say("device.not-changed", { reason: error instanceof Error ? error.message : String(error) }));
      return false;
    } finally {
      this.#isBusy = false;
    }
  }

  /** @param {string} what */
  #problem(what) {
    this.#of.part("dialog-problem").textContent = what;
  }

  /** @param {string} part @param {string} type @param {() => unknown} then */
  #on(part, type, then) {
    this.#of.part(part).addEventListener(type, (/** @type {Event} */ event) => {
      event.preventDefault();
      then();
    });
  }
}
