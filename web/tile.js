/**
 * The red tile: a component that failed says what and where, in its own place, and the rest of the view lives.
 */
import { panel } from "glassline/panel";
import { say } from "glassline/words";

/**
 * @param {HTMLElement} element the component that failed
 * @param {string} kind
 * @param {unknown} error
 */
export function showTile(element, kind, error) {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  console.error(`component ${kind}:`, error);
  element.classList.add("component", "error");
  element.setAttribute("role", "alert");
  element.replaceChildren(line("h2", "", kind), line("p", "what", what), line("p", "where", place(kind, error)));
  if (element.dataset.earlier !== undefined) element.append(wayBack(kind));
  panel.broken(kind);
}

/** Where this page shows the last good version of a component. @param {string} kind */
function wayBack(kind) {
  const query = new URLSearchParams(location.search);
  query.set("good", [...(query.get("good")?.split(",") ?? []), `components/${kind}`].join(","));
  const link = document.createElement("a");
  link.href = `?${query}`;
  link.textContent = say("swap.good");
  const paragraph = line("p", "good", "");
  paragraph.append(link);
  return paragraph;
}

/**
 * The place in the component's own file, read from the stack where the browser gives one.
 * @param {string} kind
 * @param {unknown} error
 */
export function place(kind, error) {
  const file = `components/${kind}/element.js`;
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const found = stack.match(new RegExp(`/assets/${kind}\\.[^./]+\\.js:(\\d+):(\\d+)`));
  return found ? `${file}:${found[1]}:${found[2]}` : file;
}

/** @param {string} tag @param {string} className @param {string} content */
function line(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = content;
  return element;
}
