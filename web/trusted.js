/**
 * The one place where text becomes markup, or the address of a script. Browsers that know Trusted Types refuse that everywhere
 * else (the page's content policy says so): what a device has sent can only ever become text.
 *
 * The policy never leaves this module. What goes through it is a page that this hub has rendered, what stands on this page
 * already, and an address of this hub's assets.
 */

/** @typedef {{createHTML(text: string): any, createScriptURL(address: string): any}} Policy */

/** @type {Policy} */
const plain = { createHTML: (text) => text, createScriptURL: (address) => address };
/** Of browsers that know no such types yet: text as it is. @type {Policy} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("glassline", plain) ?? plain;

/** A page that the hub has sent, as a document without life. @param {Response} response @returns {Promise<Document>} */
export async function pageOf(response) {
  const isPage = response.headers.get("content-type")?.startsWith("text/html");
  if (!isPage || new URL(response.url).origin !== location.origin) throw new TypeError("this is no page of this hub");
  return new DOMParser().parseFromString(policy.createHTML(await response.text()), "text/html");
}

/** What is in an element at a moment, to compare with later. It can be made a tree of again, without life, and nothing else. */
export class Rendered {
  #html;

  /** @param {Element} element */
  constructor(element) {
    this.#html = element.innerHTML;
  }

  /** @returns {DocumentFragment} */
  tree() {
    const template = document.createElement("template");
    template.innerHTML = policy.createHTML(this.#html);
    return template.content;
  }
}

/** An address of a script, for `src`. @param {string} address of an asset of this hub */
export function scriptAddress(address) {
  const { origin, pathname } = new URL(address, location.href);
  if (origin !== location.origin || !pathname.includes("/assets/")) throw new TypeError(`${address} is no asset of this hub`);
  return policy.createScriptURL(address);
}
