/**
 * Starts everything on a page: clock, theme, connection, components, and the page that makes itself.
 */
import { clock } from "glassline/age";
import { startBanner } from "glassline/banner";
import { startChooser } from "glassline/chooser";
import { startConfigurationBanner } from "glassline/configuration";
import { bringToLife } from "glassline/kinds";
import { startKiosk } from "glassline/kiosk";
import { followFiles, giveBackTyped, startPage } from "glassline/page";
import { panel } from "glassline/panel";
import { startStorageBanner } from "glassline/storage";
import { startTheme } from "glassline/theme";

/** @param {string} role @returns {HTMLElement | null} */
const byRole = (role) => document.querySelector(`[data-role="${role}"]`);

start();

async function start() {
  const rendered = Number(document.body.dataset.time);
  if (rendered > 0) clock.set(rendered + onItsWay());
  const main = document.querySelector("main");
  // First, as it has to see the page as it came.
  if (main) followFiles(main);
  startTheme(byRole("theme"));
  startKiosk();
  startBanner({ status: byRole("connection"), banner: byRole("banner") });
  startStorageBanner(byRole("storage"));
  startConfigurationBanner(byRole("configuration"));
  if (main?.dataset.auto) startPage(main);
  startChooser();
  const { view } = document.body.dataset;
  // Whoever may look at nothing has nothing to be told.
  if (view !== undefined) panel.start(view);
  // The devices of the gallery are played by its pages.
  if (document.querySelector("[data-stage]")) await import("glassline/gallery");
  await bringToLife(document);
  if (main) await giveBackTyped(main);
}

/** How long the page has been on its way since the hub sent its first bytes, ms: over a slow line nothing looks newer for that. */
function onItsWay() {
  const [loaded] = performance.getEntriesByType("navigation");
  const { responseStart = 0 } = /** @type {Partial<PerformanceNavigationTiming>} */ (loaded ?? {});
  return responseStart > 0 ? performance.now() - responseStart : 0;
}
