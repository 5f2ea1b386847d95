/**
 * A page on a wall (`?kiosk`): the screen stays on where the browser allows it, and the pointer goes away while nobody uses it.
 */

/** Without a movement for so long, ms, the pointer is not shown. */
const POINTER_MS = 4000;

/** Does nothing on a page that is no kiosk. */
export function startKiosk() {
  if (document.documentElement.dataset.kiosk === undefined) return;
  keepAwake();
  // Browsers let go of the lock when the page is hidden.
  document.addEventListener("visibilitychange", keepAwake);
  hidePointer(document.documentElement);
}

async function keepAwake() {
  if (document.hidden) return;
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // Not allowed here, or the battery is low: then the screen goes dark as it always does.
  }
}

/** @param {HTMLElement} page */
function hidePointer(page) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let soon;
  const moved = () => {
    delete page.dataset.still;
    clearTimeout(soon);
    soon = setTimeout(() => { page.dataset.still = ""; }, POINTER_MS);
  };
  addEventListener("pointermove", moved);
  moved();
}
