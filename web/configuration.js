/**
 * What the page says of the hub's configuration: a mistake in the file, or that something in it waits for a restart. A banner
 * below the bar, on every page, until it is mended.
 */
import { panel } from "glassline/panel";
import { say } from "glassline/words";

/** @typedef {import("glassline/watch").Configuration} Configuration */

/** @param {HTMLElement | null} banner rendered by the hub; open already if there was something to say when the page was made */
export function startConfigurationBanner(banner) {
  if (!banner) return;
  panel.listen((change) => {
    if (change.kind === "configuration") show(banner, sentenceOf(panel.watch.configuration));
  });
}

/** @param {Configuration} configuration */
function sentenceOf({ place, what, keys }) {
  if (keys) return say("configuration.restart", { keys: keys.join(", ") });
  return place ? say("configuration.wrong", { place, what: what ?? "" }) : "";
}

/** @param {HTMLElement} banner @param {string} said */
function show(banner, said) {
  if ((banner.querySelector("p")?.textContent ?? "") === said) return;
  // First there, then filled: what appears together with its text is not always read out.
  banner.hidden = said === "";
  if (!said) return banner.replaceChildren();
  const icon = document.createElement("span");
  icon.className = "icon";
  icon.setAttribute("aria-hidden", "true");
  const text = document.createElement("p");
  text.textContent = said;
  banner.replaceChildren(icon, text);
}
