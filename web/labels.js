/**
 * What people sort a device by, as chips beside its name.
 */

/** Touches the document only when something differs. @param {Element} part @param {readonly string[]} labels */
export function showLabels(part, labels) {
  if (labels.join(",") === [...part.children].map((chip) => chip.textContent).join(",")) return;
  part.replaceChildren(...labels.map((label) => {
    const chip = document.createElement("span");
    chip.className = "chip";
    chip.textContent = label;
    return chip;
  }));
}
