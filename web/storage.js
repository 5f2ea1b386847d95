/**
 * What the page says while the hub cannot write to its disk: a banner below the bar, on every page, until it can again.
 */
import { shortTime } from "glassline/format";
import { panel } from "glassline/panel";
import { say } from "glassline/words";

/** @typedef {import("glassline/watch").Storage} Storage */

/** @param {HTMLElement | null} banner rendered by the hub; open already if its storage had failed when the page was made */
export function startStorageBanner(banner) {
  if (!banner) return;
  const rendered = banner.querySelector("time");
  // The hub writes times in UTC: it does not know the reader's zone.
  if (rendered?.dateTime) rendered.textContent = shortTime(Date.parse(rendered.dateTime));
  panel.listen((change) => {
    if (change.kind === "storage") show(banner, panel.watch.storage);
  });
}

/** @param {HTMLElement} banner @param {Storage} storage */
function show(banner, storage) {
  if (!storage.failed) {
    banner.replaceChildren();
    banner.hidden = true;
    banner.classList.remove("standing");
    return;
  }
  const said = sentence(storage.reason, shortTime(storage.since));
  const now = banner.querySelector("p");
  if (!banner.hidden && now?.textContent === said) return;
  const icon = document.createElement("span");
  icon.className = "icon";
  icon.setAttribute("aria-hidden", "true");
  const text = document.createElement("p");
  text.textContent = said;
  // First there, then filled: what appears together with its text is not always read out.
  banner.hidden = false;
  banner.replaceChildren(icon, text);
}

/**
 * In the words of the page's template.
 * @param {string} reason
 * @param {string} since
 */
export function sentence(reason, since) {
  const why = reason.trim().replace(/\.$/, "");
  return say("storage.failed", { since, why: why ? `: ${why}` : "" });
}
