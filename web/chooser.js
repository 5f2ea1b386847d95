/**
 * Choosing the device and the variables of a view: what is picked with a pointer is shown at once. With a keyboard one goes
 * through the choices first, and says when by the form's button.
 */
export function startChooser() {
  let isByKey = false;
  document.addEventListener("keydown", () => (isByKey = true), { capture: true });
  document.addEventListener("pointerdown", () => (isByKey = false), { capture: true });
  document.addEventListener("change", ({ target }) => {
    const form = target instanceof Element ? target.closest("form") : null;
    if (form?.dataset.role === "chooser" && !isByKey) form.requestSubmit();
  });
}
