/**
 * Light, dark, or as the system has it: read before the first paint, switched by the button, remembered on this browser.
 */
const KEY = "glassline-theme";
const CHOICES = /** @type {const} */ (["auto", "light", "dark"]);
const NAMES = { auto: "as the system", light: "light", dark: "dark" };

/** @typedef {typeof CHOICES[number]} Theme */

/** @returns {Theme} */
function remembered() {
  try {
    return CHOICES.find((choice) => choice === localStorage.getItem(KEY)) ?? "auto";
  } catch {
    return "auto"; // storage is forbidden here; the choice then lasts as long as the page
  }
}

/** @param {Theme} theme */
function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // As above.
  }
}

/** @param {Theme} theme */
function wear(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("glassline:theme", { detail: theme }));
}

/** Makes the button of the page work. @param {HTMLElement | null} button */
export function startTheme(button) {
  let theme = remembered();
  const show = () => {
    if (!button) return;
    button.dataset.theme = theme;
    button.title = `Theme: ${NAMES[theme]}`;
    button.setAttribute("aria-label", button.title);
  };
  show();
  button?.addEventListener("click", () => {
    theme = CHOICES[(CHOICES.indexOf(theme) + 1) % CHOICES.length];
    remember(theme);
    wear(theme);
    show();
  });
}

wear(remembered());
