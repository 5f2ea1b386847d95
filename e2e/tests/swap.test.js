// What somebody saves is in every open panel at once: a component, a view, the configuration. What one was doing there stays.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const VIEW = `
title = "Bench"
device = "probe-1"

[[component]]
kind = "dial"
channel = "level"

[[component]]
kind = "gauge"
channel = "level"

[[component]]
kind = "number-field"
channel = "limit"
`;
const MANIFEST = 'title = "Dial"\ndirection = "output"\n';
const TEMPLATE = '<p class="said" data-part="value">first {{ value }}</p>\n';
/** @param {string} word */
const script = (word) => `import { Component } from "glassline";

export default class Dial extends Component {
  #word = "${word}";

  receive(sample) {
    this.part("value").textContent = \`\${this.#word} \${sample.value}\`;
  }
}
`;

/** An open view with a component of one's own, and a device that goes on. @param {import("../scenario.js").Cast} cast */
async function begin(cast) {
  const hub = await cast.hub({
    files: {
      "views/bench.toml": VIEW,
      "components/dial/component.toml": MANIFEST,
      "components/dial/template.html": TEMPLATE,
      "components/dial/element.js": script("old"),
      "components/dial/style.css": ".said { color: rgb(1, 2, 3); }\n",
    },
  });
  const device = cast.device("probe-1");
  await device.join();
  await device.deliver({ level: 7 });
  const panel = await cast.panel("/views/bench");
  const dial = panel.component("dial", { channel: "level" });
  await panel.reads(dial, "old 7");
  // A mark that is gone when an element is another one.
  await panel.page.evaluate(() => document.querySelectorAll("[data-component]").forEach((each) => Object.assign(each, { isOfOld: true })));
  return { hub, device, panel, dial };
}

/** Whether the element is the one that was there. @param {import("playwright-core").Locator} component */
const isOfOld = (component) => component.evaluate((element) => /** @type {any} */ (element).isOfOld === true);

scenario("saving a component's script swaps it in the open panel, and what somebody types beside it stays", async (cast) => {
  const { hub, device, panel, dial } = await begin(cast);
  const field = panel.component("number-field").getByRole("spinbutton");
  await eventually("the field to be of use", () => field.isEnabled());
  await field.pressSequentially("4");
  hub.save("components/dial/element.js", script("new"));
  await panel.reads(dial, "new 7");
  await panel.page.keyboard.type("2");
  assert.equal(await field.inputValue(), "42");
  assert.equal(await isOfOld(dial), false);
  assert.equal(await isOfOld(panel.component("gauge")), true);
  await device.deliver({ level: 8 });
  await panel.reads(dial, "new 8");
  await panel.reads(panel.component("gauge"), "8");
});

scenario("an editor that writes by rename is followed like any other, in several panels at once", async (cast) => {
  const { hub, panel, dial } = await begin(cast);
  const other = await cast.panel("/views/bench");
  hub.save("components/dial/element.js", script("renamed"), { by: "rename" });
  await panel.reads(dial, "renamed 7");
  await other.reads(other.component("dial"), "renamed 7");
  hub.save("components/dial/style.css", ".said { color: rgb(4, 5, 6); }\n", { by: "rename" });
  const colour = () => dial.locator(".said").evaluate((said) => getComputedStyle(said).color);
  await eventually("the new colour", async () => (await colour()) === "rgb(4, 5, 6)");
});

scenario("saving a view places what is new in it, and leaves the rest alone", async (cast) => {
  const { hub, panel } = await begin(cast);
  hub.save("views/bench.toml", `${VIEW}\n[[component]]\nkind = "value"\nchannel = "level"\nlabel = "Once more"\n`.replace("Bench", "Workbench"));
  await panel.reads(panel.component("value"), /Once more[^]*7/);
  await panel.reads(panel.page.getByRole("heading", { level: 1 }), "Workbench");
  assert.equal(await isOfOld(panel.component("gauge")), true);
  hub.save("views/bench.toml", 'title = "Bench"\ndevice = "probe-1"\n\n[[component]]\nkind = "gauge"\nchannel = "level"\n');
  await eventually("the others to go", async () => (await panel.component("dial").count()) === 0);
  assert.equal(await isOfOld(panel.component("gauge")), true);
});

scenario("a page that the hub did not answer when something was saved is tried again", async (cast) => {
  const { hub, panel } = await begin(cast);
  let refused = 0;
  await panel.page.route("**/views/bench", (route) => {
    refused += 1;
    return refused <= 2 ? route.abort() : route.continue();
  });
  panel.expect(/Failed to (fetch|load)/);
  hub.save("views/bench.toml", VIEW.replace("Bench", "Renewed"));
  await panel.reads(panel.page.getByRole("heading", { level: 1 }), "Renewed");
  assert.ok(refused >= 3, `${refused} tries`);
});

scenario("a mistake is one red tile with its place, and the last good version is a click away", async (cast) => {
  const { hub, device, panel, dial } = await begin(cast);
  hub.save("components/dial/template.html", "<p data-part=\"value\">\n{{ value | nonsense }}</p>\n");
  const tile = panel.page.getByRole("alert").filter({ hasText: "dial" });
  await panel.reads(tile, /components\/dial\/template\.html:2/);
  await device.deliver({ level: 8 });
  await panel.reads(panel.component("gauge"), "8");
  await tile.getByRole("link").click();
  await panel.connected();
  await panel.reads(dial, /old 8|first 8/);
  await device.deliver({ level: 9 });
  await panel.reads(dial, "old 9");
  hub.save("components/dial/template.html", '<p data-part="value">mended {{ value }}</p>\n');
  await panel.go("/views/bench");
  await panel.reads(dial, "old 9");
  assert.equal(await panel.page.getByRole("alert").filter({ hasText: "template" }).count(), 0);
});

scenario("a script that cannot be read is a red tile with its line, and swapped when it is mended", async (cast) => {
  const { hub, panel, dial } = await begin(cast);
  panel.expect(/SyntaxError|Unexpected|dial/);
  hub.save("components/dial/element.js", `${script("broken")}\nthis is no script\n`);
  await panel.reads(panel.page.getByRole("alert").filter({ hasText: "dial" }), /element\.js:\d+/);
  hub.save("components/dial/element.js", script("mended"));
  await panel.reads(dial, "mended 7");
});

scenario("a mistake in the configuration is said on every open page, and what held before still does", async (cast) => {
  const { hub, panel, dial } = await begin(cast);
  const banner = panel.page.locator('[data-role="configuration"]');
  hub.save("glassline.toml", 'durability = "dsk"\n');
  await panel.reads(banner, /glassline\.toml:1:\d+[^]*disk/);
  await panel.reads(dial, "old 7");
  const later = await cast.panel("/");
  await later.reads(later.page.locator('[data-role="configuration"]'), /glassline\.toml:1/);
  hub.save("glassline.toml", 'durability = "memory"\n', { by: "rename" });
  await panel.reads(banner, /durability/);
  await panel.reads(banner, /next start/);
  hub.save("glassline.toml", '[names]\nhosts = ["bench.example"]\n');
  await eventually("the banner to go", async () => !(await banner.isVisible()));
});
