// A panel for a test: one page in a Chromium context of its own, which notices everything that goes wrong in it.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { found, secretsOf } from "./canaries.js";
import { eventually, SOON_MS } from "./deadline.js";

const OUT = join(import.meta.dirname, "out");
/** A window on a desk. */
const DESK = { width: 1280, height: 800 };

const OFFSET = 12 - new Date().getUTCHours();
/** A time zone in which it is noon: around midnight times are said and drawn with their day. Those of this kind have the sign of how far Greenwich is from them. */
export const NOON = `Etc/GMT${OFFSET > 0 ? "-" : "+"}${Math.abs(OFFSET)}`;

/**
 * @typedef {object} Look
 * @property {{width: number, height: number}} [window]
 * @property {"light" | "dark"} [theme]  what the system asks for
 * @property {string} [locale]  the reader's
 * @property {string} [zone]  the reader's time zone
 * @property {boolean} [script]  false: the browser runs none
 * @property {boolean} [trusting]  the browser takes certificates of an authority that it does not know
 */

export class Panel {
  page;
  #context;
  #hub;
  /** What went wrong in the page: errors and warnings of scripts, of the content policy, of requests. @type {string[]} */
  #problems = [];
  /** @type {RegExp[]} */
  #expected = [];

  /**
   * @param {import("./hub.js").Hub} hub
   * @param {import("playwright-core").BrowserContext} context
   * @param {import("playwright-core").Page} page
   */
  constructor(hub, context, page) {
    this.#hub = hub;
    this.#context = context;
    this.page = page;
    page.on("pageerror", (error) => this.#problems.push(`error: ${error.message}`));
    page.on("console", (message) => {
      const kind = message.type();
      if (kind === "error" || kind === "warning") this.#problems.push(`${kind}: ${message.text()} (${message.location().url})`);
    });
    page.on("dialog", (dialog) => {
      this.#problems.push(`a dialogue opened: ${dialog.message()}`);
      dialog.dismiss().catch(() => {}); // it may be gone with its page
    });
    page.on("request", (request) => {
      if (request.url().startsWith(hub.ready.link)) return; // also with what it leads to
      this.#problems.push(...found(secretsOf(hub), "an address", request.url()));
    });
    page.on("response", (answer) => {
      if (answer.status() >= 400) this.#problems.push(`${answer.status()}: ${answer.url()}`);
    });
  }

  /**
   * A blank page in a context of its own, signed in if anybody signed in at this hub before.
   * @param {import("playwright-core").Browser} browser
   * @param {import("./hub.js").Hub} hub
   * @param {Look} [look]
   */
  static async blank(browser, hub, { window = DESK, theme = "light", locale = "en-GB", zone = "Europe/Berlin", script = true, trusting = false } = {}) {
    const context = await browser.newContext({
      viewport: window,
      colorScheme: theme,
      locale,
      javaScriptEnabled: script,
      ignoreHTTPSErrors: trusting,
      timezoneId: zone,
      reducedMotion: "reduce",
      storageState: hub.login,
    });
    context.setDefaultTimeout(SOON_MS);
    await context.addInitScript(watchOver);
    return new Panel(hub, context, await context.newPage());
  }

  /** Signs in, by the link if nobody used it yet, and goes to a page of the hub. @param {string} path */
  async open(path) {
    if (!this.#hub.login) {
      await this.page.goto(this.#hub.ready.link);
      this.#hub.login = await this.#context.storageState();
    }
    await this.go(path);
  }

  /** Goes to another page and waits until its panel is connected. @param {string} path */
  async go(path) {
    await this.page.goto(this.#hub.ready.http + path);
    await this.connected();
  }

  /** Waits until the page says that it is connected, and its components hear what is done to them. */
  async connected() {
    await this.page.locator('[data-role="connection"][data-state="connected"]').waitFor({ state: "attached" });
    await this.page.locator(":not(:defined, gl-error)").first().waitFor({ state: "detached" });
  }

  /**
   * The component of that kind, by its channel and its device if there are several.
   * @param {string} kind
   * @param {{channel?: string, device?: string, id?: string}} [which]
   */
  component(kind, { channel, device, id } = {}) {
    const which = [
      channel && `[data-channel="${channel}"]`,
      device && `[data-device="${device}"]`,
      id && `[id="${id}"]`,
    ];
    return this.page.locator(`gl-${kind}${which.filter(Boolean).join("")}`);
  }

  /** The receipt on an input component: what became of its last command. @param {string} kind @param {string} channel */
  receipt(kind, channel) {
    return this.component(kind, { channel }).locator('[data-part="receipt"]');
  }

  /**
   * Waits until the text of an element is as expected, and returns it.
   * @param {import("playwright-core").Locator} locator
   * @param {string | RegExp} expected  a part of it, or a pattern
   * @param {number} [within] ms
   */
  async reads(locator, expected, within = SOON_MS) {
    let text = "";
    const matches = async () => {
      text = (await locator.innerText({ timeout: within })).trim();
      return typeof expected === "string" ? text.includes(expected) : expected.test(text);
    };
    try {
      await eventually("the text", matches, within);
    } catch {
      throw new Error(`expected ${expected} in ${locator}, it reads ${JSON.stringify(text)}`);
    }
    return text;
  }

  /**
   * Waits until a component says of itself that it is in one of these states.
   * @param {import("playwright-core").Locator} component
   * @param {...string} states  fresh, late, stale, gone, none
   */
  async state(component, ...states) {
    /** @type {string | null} */
    let state = null;
    await eventually(`one of the states ${states}`, async () => {
      state = await component.getAttribute("data-state");
      return states.includes(state ?? "");
    }).catch((error) => {
      throw new Error(`${component} is ${state}: ${error.message}`);
    });
  }

  /** A valve between the hub and the pages that are opened from now on: what the hub says waits while it is shut. */
  async valve() {
    let isShut = false;
    /** @type {(() => void)[]} */
    const waiting = [];
    await this.page.routeWebSocket(/\/panel$/, (page) => {
      page.connectToServer().onMessage((frame) => {
        if (isShut) waiting.push(() => page.send(frame));
        else page.send(frame);
      });
    });
    return {
      shut() {
        isShut = true;
      },
      open() {
        isShut = false;
        for (const send of waiting.splice(0)) send();
      },
    };
  }

  /** A line between the hub and the pages that are opened from now on: it can be cut, and no other comes about before it is mended. */
  async line() {
    let isCut = false;
    /** @type {Set<import("playwright-core").WebSocketRoute>} */
    const open = new Set();
    await this.page.routeWebSocket(/\/panel$/, (page) => {
      if (isCut) return void page.close();
      page.connectToServer();
      open.add(page);
    });
    return {
      cut() {
        isCut = true;
        for (const page of open) page.close();
        open.clear();
      },
      mend() {
        isCut = false;
      },
    };
  }

  /** Whether the page is wider than the window, and what makes it so. */
  overflow() {
    return this.page.evaluate(() => {
      const width = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= width) return [];
      /** What is wide within something that scrolls by itself, or cuts it off, makes no page wider. @param {Element} element */
      const isKept = (element) => {
        for (let around = element.parentElement; around && around !== document.body; around = around.parentElement) {
          if (getComputedStyle(around).overflowX !== "visible") return true;
        }
        return false;
      };
      const wide = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > width + 1 && !isKept(element));
      return wide.map((element) => `${element.tagName.toLowerCase()}.${element.className}`).slice(0, 8);
    });
  }

  /** From now on, this going wrong is part of the test. @param {RegExp} problem */
  expect(problem) {
    this.#expected.push(problem);
  }

  /** What went wrong that no test expected. */
  problems() {
    return this.#problems.filter((problem) => !this.#expected.some((expected) => expected.test(problem)));
  }

  /** What it looks like now, for whoever reads why a test failed. @param {string} name */
  async picture(name) {
    mkdirSync(OUT, { recursive: true });
    const path = join(OUT, `${name.replace(/[^a-z0-9]+/gi, "-")}.png`);
    await this.page.screenshot({ path, fullPage: true });
    return path;
  }

  async end() {
    await this.#context.close();
  }
}

/**
 * Runs in every page before everything else: what the page's policy forbids is a problem also where a script catches the error,
 * and so is what a device's text has run (hostile.js).
 */
function watchOver() {
  addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample }) => {
    console.error(`Content Security Policy violated: ${effectiveDirective} by ${blockedURI} ${sample}`);
  });
  Object.defineProperty(globalThis, "ran", { value: () => console.error("a text of a device ran") });
}
