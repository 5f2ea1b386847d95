import { Component, cut, wholeText } from "glassline";
import { say } from "glassline/words";

/** @typedef {import("glassline/component").Reason} Reason */
/** @typedef {import("glassline/watch").Sample} Sample */

/** The longest text of what is no picture that is shown, in characters. */
const SAID_MAX = 80;

/** How Base64 of a picture begins, and what it is then. */
const BEGINNINGS = [["iVBORw0KGgo", "png"], ["/9j/", "jpeg"], ["R0lGOD", "gif"], ["UklGR", "webp"], ["PHN2Zy", "svg+xml"], ["Qk", "bmp"]];

/** Paths of the hub that answer with something else than a picture, and may do something. */
const ACTING = ["/api/", "/login", "/logout", "/panel", "/uplink", "/socket", "/device"];

export default class Image extends Component {
  connected() {
    const picture = this.part("picture");
    picture.addEventListener("load", () => this.#say(""));
    picture.addEventListener("error", () => {
      picture.hidden = true;
      this.#say(say("image.failed"));
    });
  }

  /** @param {Sample} sample */
  receive({ value }) {
    this.#show(value);
  }

  /** @param {Reason} reason */
  changed(reason) {
    if ((reason === "begin" || reason === "snapshot") && !this.latest) this.#show(this.settings.src || undefined);
  }

  /** @param {unknown} value */
  #show(value) {
    const address = addressOf(value);
    const picture = this.part("picture");
    picture.hidden = address === undefined;
    if (address === undefined) {
      const isElsewhere = typeof value === "string" && /^(https?:)?\/\//.test(value);
      return this.#say(value === undefined ? say("image.none") : isElsewhere ? say("image.elsewhere") : say("image.not", { value: cut(wholeText(value), SAID_MAX) }));
    }
    if (picture.getAttribute("src") === address) return;
    picture.src = address;
  }

  /** @param {string} text */
  #say(text) {
    const said = this.part("said");
    if (said.textContent !== text) said.textContent = text;
  }
}

/**
 * Where the picture of a value is; undefined if it is none. Pictures from elsewhere are not loaded: a page works without the internet,
 * and tells nobody that it is looked at.
 * @param {unknown} value
 * @returns {string | undefined}
 */
function addressOf(value) {
  if (value !== null && typeof value === "object") {
    const { data, src, url } = /** @type {Record<string, unknown>} */ (value);
    return addressOf(String(data ?? src ?? url ?? ""));
  }
  if (typeof value !== "string") return undefined;
  if (value.startsWith("data:image/")) return value;
  const kind = BEGINNINGS.find(([beginning]) => value.startsWith(beginning))?.[1];
  // Before addresses: a JPEG begins with a slash too.
  if (kind && /^[A-Za-z0-9+/]{16,}={0,2}\s*$/.test(value)) return `data:image/${kind};base64,${value}`;
  return isPicture(value) ? value : undefined;
}

/**
 * Whether a text is the path of something on this hub that may be a picture. What the hub does is no picture: a stream of samples
 * would keep a connection for itself, and a login link would be used up.
 * @param {string} text
 */
function isPicture(text) {
  if (!/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(text)) return false;
  const { origin, pathname } = new URL(text, location.href);
  return origin === location.origin && !ACTING.some((path) => pathname.startsWith(path));
}
