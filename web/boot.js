/**
 * Starts everything on a page: clock, theme, connection, components, and the page that makes itself.
 */
import { clock } from "glassline/age";
import { startBanner } from "glassline/banner";
import { bringToLife } from "glassline/kinds";
import { startPage } from "glassline/page";
import { panel } from "glassline/panel";
import { startStorageBanner } from "glassline/storage";
import { startTheme } from "glassline/theme";

/** @param {string} role @returns {HTMLElement | null} */
const byRole = (role) => document.querySelector(`[data-role="${role}"]`);

const rendered = Number(document.body.dataset.time);
if (rendered > 0) clock.set(rendered);
startTheme(byRole("theme"));
startBanner({ status: byRole("connection"), banner: byRole("banner") });
startStorageBanner(byRole("storage"));
const main = document.querySelector("main");
if (main?.dataset.auto) startPage(main);
showCurrent(document.querySelector(".nav"));
panel.start(document.body.dataset.view ?? "");
await bringToLife(document);

/** Where the pages do not fit beside each other, the present one is in view. @param {HTMLElement | null} nav */
function showCurrent(nav) {
  const current = nav?.querySelector("[aria-current]");
  if (!nav || !current) return;
  const [around, own] = [nav.getBoundingClientRect(), current.getBoundingClientRect()];
  nav.scrollLeft += own.left + own.width / 2 - (around.left + around.width / 2);
}
