// How it looks and how it is reached: phone and desk, light and dark, by keyboard and by screen reader.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const PHONE = { width: 390, height: 844 };
const NARROW = { width: 320, height: 640 };
const DESK = { width: 1280, height: 800 };
const PAGES = ["/", "/devices/weather-1", "/views/weather", "/views/weather-html", "/status", "/audit", "/components", "/components/chart"];
const THEMES = /** @type {const} */ (["light", "dark"]);

scenario("no page is wider than its window, in either theme", async (cast) => {
  await cast.hub({ command: "demo" });
  for (const window of [NARROW, PHONE, DESK]) {
    const panel = await cast.panel("/", { window });
    for (const path of PAGES) {
      await panel.go(path);
      for (const theme of THEMES) {
        await panel.page.emulateMedia({ colorScheme: theme });
        assert.deepEqual(await panel.overflow(), [], `${path} at ${window.width} in ${theme}`);
      }
    }
  }
});

scenario("every page of a long bar is reached, at a desk and on a phone", async (cast) => {
  const names = ["boiler", "barn", "pumps", "meadow", "orchard"];
  const view = (/** @type {string} */ name) => `title = "The room of the ${name}"\n[[component]]\nkind = "device-list"\n`;
  await cast.hub({ files: Object.fromEntries(names.map((name) => [`views/${name}.toml`, view(name)])) });
  for (const window of [NARROW, PHONE, DESK]) {
    const panel = await cast.panel("/", { window });
    const { page } = panel;
    await page.getByRole("button", { name: "All pages" }).click();
    const pages = page.locator("#pages");
    for (const name of names) assert.ok(await pages.getByRole("link", { name: `The room of the ${name}` }).isVisible(), name);
    assert.deepEqual(await panel.overflow(), [], `${window.width}`);
    await pages.getByRole("link", { name: "Audit" }).click();
    await page.waitForURL("**/audit");
    await page.getByRole("link", { name: "Glassline", exact: true }).click();
    await panel.connected();
  }
});

scenario("the system's theme is followed until the switch says otherwise, and that is remembered", async (cast) => {
  await cast.hub({ command: "demo" });
  const panel = await cast.panel("/views/weather", { theme: "dark" });
  assert.ok((await brightness(panel)) < 0.3, "dark");
  await panel.page.emulateMedia({ colorScheme: "light" });
  await eventually("light", async () => (await brightness(panel)) > 0.7);

  const button = panel.page.locator('[data-role="theme"]');
  await eventually("dark by the switch", async () => {
    await button.click();
    return (await brightness(panel)) < 0.3;
  });
  await panel.page.reload();
  await panel.connected();
  assert.ok((await brightness(panel)) < 0.3, "still dark after a reload");
});

scenario("text stands out from its ground in both themes", async (cast) => {
  await cast.hub({ command: "demo" });
  const panel = await cast.panel("/");
  for (const path of PAGES) {
    await panel.go(path);
    for (const theme of THEMES) {
      await panel.page.emulateMedia({ colorScheme: theme });
      assert.deepEqual(await faint(panel), [], `${path} in ${theme}`);
    }
  }
});

scenario("everything is reached by keyboard, shows its focus, and has a name", async (cast) => {
  await cast.hub({ command: "demo" });
  const panel = await cast.panel("/views/weather");
  const { page } = panel;
  // Before it has heard of the device the button is disabled, and passed over.
  await page.locator("button:enabled", { hasText: "Reset data" }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.className), "skip-link");
  const reached = [];
  for (let press = 0; press < 40; press++) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return undefined;
      const style = getComputedStyle(element);
      const name = element.getAttribute("aria-label") ?? element.textContent?.trim();
      return { name, visible: style.outlineStyle !== "none" || style.boxShadow !== "none" };
    });
    if (!focused) break;
    assert.ok(focused.name, "what has the focus has a name");
    assert.ok(focused.visible, `the focus on ${focused.name} is visible`);
    reached.push(focused.name);
    if (focused.name.includes("Reset data")) break;
    await page.keyboard.press("Tab");
  }
  assert.ok(reached.some((name) => name?.includes("Reset data")), `reached: ${reached.join(", ")}`);
  await page.keyboard.press("Enter");
  await panel.reads(panel.receipt("button", "reset"), "Done");
});

scenario("nothing on the page moves when values change", async (cast) => {
  await cast.hub();
  const device = cast.device("probe-1");
  await device.join();
  await device.deliver({ temperature: 9.5, door: false, mode: "eco" });
  const panel = await cast.panel("/devices/probe-1");
  await panel.reads(panel.component("value", { channel: "temperature" }), "9.5");
  const before = await places(panel);
  await device.deliver({ temperature: -1234.5, door: true, mode: "boost" });
  await panel.reads(panel.component("value", { channel: "temperature" }), /1.?234\.5/);
  assert.deepEqual(await places(panel), before);
});

scenario("nothing leaves its tile, however long it is, and no number is broken", async (cast) => {
  await cast.hub();
  const device = cast.device("probe-1");
  await device.join();
  const unit = "kilogram square metres per fortnight";
  const end = 999_999_999_999;
  device.send({
    describe: {
      sum: { unit },
      load: { unit, min: -end, max: end },
      vent: { unit, min: -end, max: end, input: "slider" },
      target: { unit, min: -end, max: end, input: "number" },
    },
  });
  await device.deliver({ sum: -123_456_789_012, load: -123_456_789.123, vent: 123_456_789_012, target: 1e11, mode: "eco" });
  for (const window of [NARROW, PHONE, DESK]) {
    const panel = await cast.panel("/devices/probe-1", { window });
    await panel.reads(panel.component("value", { channel: "sum" }), /−123,456,789,012/);
    const before = await places(panel);
    await device.deliver({ mode: "eco ".repeat(15_000) });
    await panel.reads(panel.component("text", { channel: "mode" }), "eco eco");
    assert.deepEqual(await places(panel), before, `at ${window.width}`);
    assert.deepEqual(await panel.overflow(), [], `at ${window.width}`);
    assert.deepEqual(await outside(panel), [], `at ${window.width}`);
    await device.deliver({ mode: "eco" });
  }
});

scenario("larger text has fewer columns", async (cast) => {
  await cast.hub({ command: "demo" });
  const panel = await cast.panel("/views/weather");
  const columns = () => panel.page.locator(".grid").evaluate((grid) => getComputedStyle(grid).gridTemplateColumns.split(" ").length);
  assert.equal(await columns(), 12);
  await panel.page.evaluate(() => void (document.documentElement.style.fontSize = "200%"));
  assert.equal(await columns(), 2);
  assert.deepEqual(await panel.overflow(), []);
});

/** How bright the ground of the page is, 0 to 1. @param {any} panel @returns {Promise<number>} */
function brightness(panel) {
  return panel.page.evaluate(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (!canvas) return 0;
    canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  });
}

/** Where each component stands, to the pixel. @param {any} panel */
function places(panel) {
  return panel.page.evaluate(() =>
    [...document.querySelectorAll(".component")].map((component) => {
      const { x, y, width, height } = component.getBoundingClientRect();
      return [component.id, ...[x, y, width, height].map(Math.round)].join(" ");
    }),
  );
}

/** What is shown beside its own tile, but for what scrolls in it. @param {any} panel */
function outside(panel) {
  return panel.page.evaluate(() => {
    const found = [];
    for (const tile of document.querySelectorAll(".component")) {
      const { left, right } = tile.getBoundingClientRect();
      for (const each of tile.querySelectorAll("*")) {
        const at = each.getBoundingClientRect();
        if (at.width > 0 && (at.left < left - 1 || at.right > right + 1)) found.push(`${tile.id}: ${each.tagName}.${each.className}`);
      }
      for (const number of tile.querySelectorAll(".number")) {
        if (number.scrollWidth > number.clientWidth + 1) found.push(`${tile.id}: ${number.textContent} is cut`);
      }
    }
    return found;
  });
}

/** Texts whose contrast with their ground is below what WCAG 2 AA asks for (4.5, large ones 3). @param {any} panel */
function faint(panel) {
  return panel.page.evaluate(() => {
    const canvas = /** @type {CanvasRenderingContext2D} */ (
      document.createElement("canvas").getContext("2d", { willReadFrequently: true })
    );
    /** @param {string[]} colours painted over each other @returns {number} relative luminance */
    const luminance = (colours) => {
      canvas.fillStyle = "white";
      canvas.fillRect(0, 0, 1, 1);
      for (const colour of colours) {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
      }
      const parts = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255);
      const [red = 0, green = 0, blue = 0] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    /** @param {Element} element */
    const grounds = (element) => {
      const colours = [];
      for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) colours.unshift(getComputedStyle(at).backgroundColor);
      return colours;
    };
    const found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const element = node.parentElement;
      if (!element || !node.textContent?.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      if (element.closest("noscript, script, :disabled, [aria-disabled='true'], [aria-hidden='true'], .skip-link")) continue;
      const style = getComputedStyle(element);
      const ground = grounds(element);
      const [high = 0, low = 0] = [luminance([...ground, style.color]), luminance(ground)].sort((a, b) => b - a);
      const ratio = (high + 0.05) / (low + 0.05);
      const isLarge = parseFloat(style.fontSize) >= 24;
      if (ratio < (isLarge ? 3 : 4.5)) found.push(`${node.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
    }
    return [...new Set(found)];
  });
}
