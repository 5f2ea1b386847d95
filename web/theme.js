/**
 * Light, dark, or as the system has it: switched by the button, remembered on this browser in a cookie, so that the hub can say it
 * in the page itself and nothing flashes. Paper is light.
 */
import { say } from "glassline/words";

const COOKIE = "glassline_theme";
/** How long a choice is remembered, s: as long as browsers keep a cookie. */
const REMEMBERED_S = 400 * 86_400;
const CHOICES = /** @type {const} */ (["auto", "light", "dark"]);

/** @typedef {typeof CHOICES[number]} Theme */

/** What the page wears. @returns {Theme} */
function worn() {
  return CHOICES.find((choice) => choice === document.documentElement.dataset.theme) ?? "auto";
}

/** @param {Theme} theme */
function remember(theme) {
  const life = theme === "auto" ? 0 : REMEMBERED_S;
  document.cookie = `${COOKIE}=${theme}; Path=/; Max-Age=${life}; SameSite=Strict`;
}

/** @param {Theme} theme */
function wear(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("glassline:theme", { detail: theme }));
}

/** Makes the button of the page work; a kiosk has none. @param {HTMLElement | null} button */
export function startTheme(button) {
  button?.addEventListener("click", () => {
    const theme = CHOICES[(CHOICES.indexOf(worn()) + 1) % CHOICES.length];
    remember(theme);
    wear(theme);
    name(button, theme);
  });
  let before = worn();
  addEventListener("beforeprint", () => {
    before = worn();
    wear("light");
  });
  addEventListener("afterprint", () => wear(before));
}

/** @param {HTMLElement} button @param {Theme} theme */
function name(button, theme) {
  button.dataset.theme = theme;
  button.title = say(`theme.${theme}`);
  button.setAttribute("aria-label", button.title);
}
