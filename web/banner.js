/**
 * What the page says about its own connection: a word in the bar, and while it is lost a veil and a banner over the whole view.
 */
import { clock } from "glassline/age";
import { shortTime } from "glassline/format";
import { panel } from "glassline/panel";
import { say } from "glassline/words";

/** @param {{status: HTMLElement | null, banner: HTMLElement | null}} parts */
export function startBanner({ status, banner }) {
  const show = () => {
    showStatus(status, panel.hears || panel.connection === "signed-out" ? panel.connection : "lost");
    showBanner(banner, panel.connection === "signed-out" ? "signed-out" : panel.hears ? "connected" : "lost");
  };
  document.addEventListener("glassline:connection", show);
  show();
}

/** @param {HTMLElement | null} status @param {import("glassline/socket").Connection} state */
function showStatus(status, state) {
  if (!status || status.dataset.state === state) return;
  status.dataset.state = state;
  const word = status.querySelector('[data-role="connection-text"]');
  if (word) word.textContent = say(`connection.${state}`);
}

/** @param {HTMLElement | null} banner @param {"connected" | "lost" | "signed-out"} state */
function showBanner(banner, state) {
  if (!banner || (banner.dataset.state ?? "connected") === state) return;
  const hadFocus = banner.contains(document.activeElement);
  banner.dataset.state = state;
  banner.hidden = state === "connected";
  if (state === "connected") banner.replaceChildren();
  else fill(banner, state);
  if (!hadFocus) return;
  const next = banner.querySelector("button") ?? document.querySelector("main");
  next?.focus({ preventScroll: true });
}

/** @param {HTMLElement} banner @param {"lost" | "signed-out"} state */
function fill(banner, state) {
  const icon = document.createElement("span");
  icon.className = "icon";
  icon.setAttribute("aria-hidden", "true");
  const said = document.createElement("p");
  const since = shortTime(panel.lostAt ?? clock.now(), clock.now());
  said.textContent = state === "signed-out" ? say("connection.sign-in") : say("connection.lost-since", { since });
  const retry = document.createElement("button");
  retry.type = "button";
  retry.textContent = say("connection.try");
  retry.addEventListener("click", () => panel.reconnect());
  banner.replaceChildren(icon, said, retry);
}
