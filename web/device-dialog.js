/**
 * The dialog in which a person names a device, labels it, gives it another token, or deletes it after a question. Its HTML is `device-dialog.html`, in
 * the template of the component that opens it.
 */
import { at } from "glassline/base-path";
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
    this.#on("dialog-token", "click", () => this.#turnTo("dialog-tokens", "dialog-tokens-back"));
    this.#on("dialog-tokens-back", "click", () => this.#turnTo("dialog-form", "dialog-token"));
    this.#on("dialog-tokens", "submit", () => this.#renew());
    this.#on("dialog-revoke", "click", () => this.#revoke());
    // A token that was shown is nowhere behind it.
    this.#dialog.addEventListener("close", () => this.#showToken(""));
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
    this.#of.part("dialog-tokens-title").textContent = say("device.token.of", { name: device.name });
    this.#turnTo("dialog-form");
    this.#dialog.showModal();
  }

  /** @returns {HTMLDialogElement} */
  get #dialog() {
    return this.#of.part("dialog");
  }

  /** The question takes the place of the form, with the harmless answer in focus; or the other way round. @param {boolean} isAsked */
  #ask(isAsked) {
    this.#turnTo(isAsked ? "dialog-question" : "dialog-form", isAsked ? "dialog-keep" : "dialog-remove");
  }

  /** One of the dialog's forms takes the place of the others. @param {string} form @param {string} [focus] */
  #turnTo(form, focus) {
    for (const one of ["dialog-form", "dialog-question", "dialog-tokens"]) this.#of.part(one).hidden = one !== form;
    this.#showToken("");
    this.#of.part("dialog-tokens-done").textContent = "";
    this.#problem("");
    if (focus) this.#of.part(focus).focus();
  }

  /** A new token is shown once, ready to be copied. @param {string} token */
  #showToken(token) {
    this.#of.part("dialog-new-token").hidden = token === "";
    this.#of.part("dialog-new-token-text").value = token;
    if (token) this.#of.part("dialog-new-token-text").select();
  }

  async #renew() {
    const made = await this.#request("POST", "/token");
    if (!made) return;
    this.#of.part("dialog-tokens-done").textContent = "";
    this.#showToken(/** @type {{token: string}} */ (await made.json()).token);
  }

  async #revoke() {
    if (!(await this.#request("DELETE", "/token"))) return;
    this.#showToken("");
    this.#of.part("dialog-tokens-done").textContent = say("device.token.revoked");
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
    const answer = await this.#request(method, "", body);
    if (answer) this.#dialog.close();
    return answer !== undefined;
  }

  /**
   * @param {"PATCH" | "POST" | "DELETE"} method @param {string} of behind the device's own path @param {unknown} [body]
   * @returns {Promise<Response | undefined>} what the hub answers that did it
   */
  async #request(method, of, body) {
    if (this.#isBusy) return undefined;
    this.#isBusy = true;
    try {
      const headers = { accept: "application/json", ...(body ? { "content-type": "application/json" } : {}) };
      const path = at(`/api/devices/${encodeURIComponent(this.#device.id)}${of}`);
      const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
      if (!response.ok) throw new Error(await reasonOf(response));
      this.#problem("");
      return response;
    } catch (error) {
      this.#problem(say("device.not-changed", { reason: error instanceof Error ? error.message : String(error) }));
      return undefined;
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
