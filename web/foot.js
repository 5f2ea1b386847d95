/**
 * What a component says below what it shows: how far that can be trusted, how old it is, and what became of its last command.
 */
import { age, clock, stateOf, worst } from "glassline/age";
import { canCancel } from "glassline/asking";
import { exactTime, text } from "glassline/format";
import { panel } from "glassline/panel";
import { line, strength, way } from "glassline/receipt";
import { standing } from "glassline/standing";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Component} Component */
/** @typedef {import("glassline/age").State} State */
/** @typedef {import("glassline/watch").Receipt} Receipt */

/** Longest value in the name of a button, in characters. */
const VALUE_MAX = 40;

/** Says how far the values of a component can be trusted, and how old they are. @param {Component} component */
export function showState(component) {
  const { presence, hears } = component;
  const { state, ts, isRegular } = trust(component);
  set(component, "state", state);
  // What was the case when the connection broke may be so no longer.
  if (presence) set(component, "presence", hears ? presence : "unknown");
  const part = component.find("state");
  if (!part) return;
  const { direction = "" } = component.dataset;
  const old = ts === undefined ? undefined : clock.now() - ts;
  const shown = standing({ state, presence, direction, blocked: component.blocked, hears, age: old, isRegular });
  set(part, "shows", shown.as);
  write(component.find("state-text"), shown.word);
  if (part.title !== shown.reason) part.title = shown.reason;
  showAge(component, ts);
}

/**
 * The value that tells how far a component can be trusted: the only one, or the worst of several.
 * @param {Component} component
 * @returns {{state: State, ts: number | undefined, isRegular: boolean}} `isRegular`: it is known how often the value comes
 */
function trust(component) {
  const { presence, hears: connected } = component;
  const now = clock.now();
  // A control's value comes when somebody asks for it: how often that was so far says nothing.
  const isOutput = component.dataset.direction === "output";
  const channels = component.channels.length > 0 ? component.channels : [component.channel];
  const all = channels.map((channel) => {
    const latest = component.latestOf(channel);
    const every = component.describeOf(channel).every ?? (isOutput ? latest?.every : undefined);
    return { state: stateOf({ ts: latest?.ts, every, presence, connected, now }), ts: latest?.ts, isRegular: every !== undefined };
  });
  // The hub knew the rhythm when it made the page; before it speaks nothing looks better than that.
  if (isOutput && !component.deviceState) all.push({ state: component.state, ts: component.latest?.ts, isRegular: true });
  return worst(all);
}

/** @param {Component} component @param {number | undefined} ts ms */
function showAge(component, ts) {
  const part = /** @type {HTMLTimeElement | null} */ (component.find("age"));
  if (!part) return;
  if (ts === undefined) return write(part, "");
  const iso = new Date(ts).toISOString();
  write(part, age(ts, clock.now()));
  if (part.dateTime === iso && part.title) return;
  part.dateTime = iso;
  part.title = exactTime(ts);
}

/** Says what became of the newest command, and offers to take it back while that is possible. @param {Component} component */
export function showReceipt(component) {
  const part = component.find("receipt");
  if (!part) return;
  const { receipt } = component;
  const shown = receipt ? strength(receipt, clock.now()) : "over";
  offerCancel(component, part, canCancel(receipt, panel.user, clock.now()) && component.hears ? receipt : undefined);
  if (!receipt || shown === "over") {
    delete component.dataset.receipt;
    part.title = "";
    return write(part, "");
  }
  set(component, "receipt", receipt.state);
  part.classList.toggle("faded", shown === "faded");
  write(part, line(receipt, component.hears));
  part.title = way(receipt);
}

/** @param {Component} component @param {HTMLElement} receiptPart @param {Receipt | undefined} receipt what may be taken back */
function offerCancel(component, receiptPart, receipt) {
  const old = component.find("cancel");
  if (old?.dataset.command === receipt?.id) return;
  const hadFocus = old !== null && old === document.activeElement;
  old?.remove();
  if (receipt) receiptPart.after(cancelButton(component, receipt));
  // Who has just pressed it stays where they were.
  if (hadFocus) (component.find("cancel") ?? /** @type {HTMLElement | null} */ (component.querySelector("[data-send]")))?.focus();
}

/** @param {Component} component @param {Receipt} receipt */
function cancelButton(component, receipt) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "cancel";
  button.dataset.part = "cancel";
  button.dataset.command = receipt.id;
  button.textContent = say("receipt.cancel");
  button.setAttribute("aria-label", say("receipt.cancel-this", { label: component.label, value: text(receipt.asked).slice(0, VALUE_MAX) }));
  button.addEventListener("click", () => panel.cancel(receipt));
  return button;
}

/** Touches the document only when something differs. @param {HTMLElement | null} element @param {string} content */
function write(element, content) {
  if (element && element.textContent !== content) element.textContent = content;
}

/** @param {HTMLElement} element @param {string} name @param {string} value */
function set(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}
