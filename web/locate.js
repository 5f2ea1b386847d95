/**
 * Where in a script a mistake is that keeps it from being loaded: the error of an `import()` does not say, but what the browser
 * reports of a script element does.
 */
import { scriptAddress } from "glassline/trusted";

/** How long the browser may take to report it, ms. */
const REPORT_MS = 1000;

/**
 * The error, with the place in its stack where that can be found out.
 * @param {unknown} error of `import(address)`
 * @param {string} address
 * @returns {Promise<unknown>}
 */
export async function locate(error, address) {
  if (!(error instanceof Error) || error.stack?.includes(address)) return error;
  const place = await report(address);
  if (place) error.stack = `${error.stack}\n    at ${address}:${place.lineno}:${place.colno}`;
  return error;
}

/** @param {string} address @returns {Promise<ErrorEvent | undefined>} */
function report(address) {
  const script = document.createElement("script");
  return new Promise((resolve) => {
    const end = setTimeout(() => resolve(undefined), REPORT_MS);
    /** @param {ErrorEvent} event */
    const heard = (event) => {
      if (!event.filename?.endsWith(address)) return;
      // It is said in the tile, and was in the console already.
      event.preventDefault();
      removeEventListener("error", heard);
      clearTimeout(end);
      resolve(event);
    };
    addEventListener("error", heard);
    script.addEventListener("error", () => resolve(undefined));
    script.type = "module";
    script.src = scriptAddress(address);
    document.head.append(script);
  }).finally(() => script.remove());
}
