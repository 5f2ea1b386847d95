// What a page is whose texts have stayed texts, whatever they are; and what a device says to find that out.

import assert from "node:assert/strict";
import { TEXTS } from "./hostile.js";

/** Texts that are sent before a page is looked at. */
export const BATCH = 76;
/** A window of a phone. */
export const PHONE = { width: 390, height: 800 };
const CONTROLS = ["switch", "button", "slider", "number", "text", "select"];

/** Every standard component, bound to the same channel of the same device. */
const KINDS = [
  ...["button", "chart", "command-table", "compass", "device-header", "device-list", "durability", "gateway-list", "gauge", "image", "json", "lamp", "ledger", "level"],
  ...["log", "number-field", "panel-list", "select", "slider", "sparkline", "state-timeline", "switch", "table", "text", "text-field", "value"],
];
const NEEDS = /** @type {Record<string, string>} */ ({ table: 'channels = ["x", "y"]', chart: 'channels = ["x", "y"]' });
/** A view of all of them. */
export const ALL = `device = "speaker"\n${KINDS.map((kind) => `[[component]]\nkind = "${kind}"\n${NEEDS[kind] ?? 'channel = "x"'}\n`).join("\n")}`;

/**
 * What in a page came out of a text. Runs in the page.
 * @returns {string[]}
 */
function broken() {
  /** @type {string[]} */
  const found = [];
  const foreign = new Set(["iframe", "frame", "object", "embed", "base", "style", "marquee", "video", "audio", "source", "plaintext", "xmp", "math", "foreignobject", "animate", "use", "mglyph"]);
  const addresses = ["href", "src", "action", "formaction", "xlink:href", "data", "srcdoc", "poster"];
  for (const element of document.querySelectorAll("*")) {
    const name = element.localName.toLowerCase();
    const say = (/** @type {string} */ what) => found.push(`${what}: ${element.outerHTML.slice(0, 200)}`);
    if (foreign.has(name)) say("an element");
    if (name === "script" && !element.getAttribute("src")?.startsWith("/assets/") && element.getAttribute("type") !== "importmap") say("a script");
    for (const attribute of element.attributes) {
      if (/^on/i.test(attribute.name) || attribute.name === "style" && element.closest("main") === null) say(`the attribute ${attribute.name}`);
      if (!addresses.includes(attribute.name)) continue;
      const isPicture = name === "img" && /^data:image\//.test(attribute.value);
      if (!isPicture && (new URL(attribute.value, location.href).origin !== location.origin || /^\s*[a-z]+script:/i.test(attribute.value))) say("an address");
    }
  }
  const bar = document.querySelector("header.bar")?.getBoundingClientRect();
  if (document.querySelectorAll("main").length !== 1 || document.querySelectorAll("header.bar").length !== 1) found.push("the page has another frame");
  if (!bar || bar.height > 160 || bar.top > 1) found.push(`the bar is ${bar?.height} px high at ${bar?.top}`);
  if (Object.hasOwn(Object.prototype, "ran") || /** @type {any} */ ({}).unit !== undefined) found.push("the prototype of all objects");
  return found;
}

/** @param {import("./panel.js").Panel} panel @param {string} when */
export async function assertWhole(panel, when) {
  assert.deepEqual(await panel.page.evaluate(broken), [], when);
  assert.deepEqual(await panel.overflow(), [], `${when}: as wide as its window`);
}

/** @param {string} text @param {number} index */
export function description(text, index) {
  const choices = [text, { value: text, label: text }, TEXTS[(index + 7) % TEXTS.length]];
  const input = index % 4 === 0 ? CONTROLS[(index / 4) % CONTROLS.length] : undefined;
  return { unit: text, min: 0, max: 10, [text]: text, label: text, ...(input ? { input, choices } : {}) };
}

/** What a text can stand in. @param {string} text @param {number} index */
export function valueOf(text, index) {
  const forms = [text, { [text]: text, value: text, text, level: text, url: text, data: text }, [text, [text]], index / 3];
  return forms[index % forms.length];
}
