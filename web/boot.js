/**
 * Starts everything on a page: clock, theme, connection, components, and the page that makes itself.
 */
import { clock } from "glassline/age";
import { startBanner } from "glassline/banner";
import { bringToLife } from "glassline/kinds";
import { startPage } from "glassline/page";
import { panel } from "glassline/panel";
import { startTheme } from "glassline/theme";

/** @param {string} role @returns {HTMLElement | null} */
const byRole = (role) => document.querySelector(`[data-role="${role}"]`);

const rendered = Number(document.body.dataset.time);
if (rendered > 0) clock.set(rendered);
startTheme(byRole("theme"));
startBanner({ status: byRole("connection"), banner: byRole("banner") });
const main = document.querySelector("main");
if (main?.dataset.auto) startPage(main);
panel.start(document.body.dataset.view ?? "");
await bringToLife(document);
