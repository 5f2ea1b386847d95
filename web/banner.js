/**
 * What the page says about its own connection: a word in the bar, and a banner over the view when it is lost.
 */
import { shortTime } from "glassline/format";
import { panel } from "glassline/panel";

/** A connection that comes back within this time, ms, is not worth a banner. */
const PATIENCE_MS = 1000;

/** @type {Record<import("glassline/socket").Connection, string>} */
const WORDS = { connecting: "Connecting", connected: "Connected", lost: "No connection", "signed-out": "Signed out" };

/** @param {{status: HTMLElement | null, banner: HTMLElement | null}} parts */
export function startBanner({ status, banner }) {
  /** @type {number | undefined} */
  let lostAt;
  const show = () => {
    const state = panel.connection;
    if (status && status.dataset.state !== state) {
      status.dataset.state = state;
      const word = status.querySelector('[data-role="connection-text"]');
      if (word) word.textContent = WORDS[state];
    }
    if (state === "connected") lostAt = undefined;
    else if (state !== "connecting") lostAt ??= Date.now();
    if (!banner) return;
    const shown = state === "signed-out" || (lostAt !== undefined && Date.now() - lostAt >= PATIENCE_MS);
    if (!shown) banner.replaceChildren();
    else if (banner.dataset.state !== state || banner.hidden) fill(banner, state, lostAt ?? Date.now());
    banner.dataset.state = state;
    banner.hidden = !shown;
  };
  document.addEventListener("glassline:connection", () => {
    show();
    setTimeout(show, PATIENCE_MS + 50);
  });
  show();
}

/** @param {HTMLElement} banner @param {string} state @param {number} lostAt ms */
function fill(banner, state, lostAt) {
  const said = document.createElement("p");
  const retry = document.createElement("button");
  retry.type = "button";
  retry.textContent = "Try now";
  retry.addEventListener("click", () => panel.reconnect());
  const icon = document.createElement("span");
  icon.className = "icon";
  icon.setAttribute("aria-hidden", "true");
  said.append(state === "signed-out"
    ? "You are not signed in. Open the login link that glassline printed when it started."
    : `No connection to the hub since ${shortTime(lostAt)}. Values are as they were then; trying again.`);
  banner.replaceChildren(icon, said, retry);
}
