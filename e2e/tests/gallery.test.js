// The gallery shows every component live, and whoever writes one can make it, check it and photograph it.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../deadline.js";
import { glassline } from "../hub.js";
import { scenario } from "../scenario.js";

/** @param {(folder: string) => Promise<void>} use */
async function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), "glassline-component-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

scenario("the gallery shows each component with its samples, and none of them is broken", async (cast) => {
  await cast.hub();
  const panel = await cast.panel("/components");
  const kinds = await panel.page.locator("main [data-component]").evaluateAll((all) => [...new Set(all.map((each) => each.getAttribute("data-component")))]);
  for (const kind of ["gauge", "chart", "value", "level", "compass", "table", "state-timeline", "log", "image", "text-field", "select", "switch"]) {
    assert.ok(kinds.includes(kind), `${kind} in ${kinds}`);
  }
  assert.equal(await panel.page.locator("gl-error, .component.error").count(), 0);
  assert.deepEqual(await panel.overflow(), []);
});

scenario("in the gallery somebody plays with a component: its state, its settings, and no device of the hub is touched", async (cast) => {
  await cast.hub();
  const device = cast.device("bystander");
  await device.join();
  const panel = await cast.panel("/components/gauge");
  const gauge = panel.component("gauge").first();
  await panel.state(gauge, "fresh");
  const show = (/** @type {string} */ state) => panel.page.getByText(state, { exact: true }).click();
  await show("gone");
  await panel.state(gauge, "gone");
  await show("late");
  await panel.state(gauge, "late");
  await show("stale");
  await panel.state(gauge, "stale");
  await show("fresh");
  await panel.state(gauge, "fresh");
  await panel.page.getByLabel("unit", { exact: true }).fill("furlong");
  await panel.reads(panel.component("gauge").first(), "furlong");

  await panel.go("/components/switch");
  await panel.page.getByText("refused", { exact: true }).click();
  const control = panel.component("switch").first();
  await eventually("the switch to be of use", () => control.getByRole("switch").isEnabled());
  await control.getByRole("switch").click();
  await panel.reads(control, /Refused/);
  assert.equal(device.waiting("command"), 0);
});

scenario("a component that somebody writes is in the gallery as soon as it is saved", async (cast) => {
  const hub = await cast.hub({ files: {} });
  const panel = await cast.panel("/components");
  hub.save("components/dial/component.toml", 'title = "Dial of mine"\ndirection = "output"\n');
  hub.save("components/dial/template.html", '<p data-part="value">{{ value }}</p>\n');
  await panel.page.getByRole("heading", { name: "Dial of mine" }).first().waitFor();
});

scenario("a new component is written, checked and photographed from the command line", async () => {
  await inFolder(async (folder) => {
    const written = await glassline("component", "new", "dial", "--in", folder);
    assert.equal(written.code, 0, written.err);
    for (const file of ["component.toml", "template.html", "element.js", "style.css", "sample.json"]) {
      assert.ok(existsSync(join(folder, "components/dial", file)), file);
    }
    assert.equal((await glassline("component", "check", "--in", folder)).code, 0);
    const browser = process.env.CHROMIUM ?? "chromium";
    const shown = await glassline("component", "test", "dial", "--in", folder, "--browser", browser, "--out", join(folder, "pictures"));
    assert.equal(shown.code, 0, shown.out + shown.err);
    for (const state of ["fresh", "stale", "gone", "refused", "fast"]) {
      const picture = readFileSync(join(folder, `pictures/dial-${state}.png`));
      assert.equal(picture.subarray(1, 4).toString(), "PNG", state);
    }
    const again = await glassline("component", "new", "dial", "--in", folder);
    assert.notEqual(again.code, 0, "nothing is written over");

    writeFileSync(join(folder, "components/dial/element.js"), 'import { Component } from "glassline";\nexport default class extends Component {\n  receive() {\n    throw new Error("no such luck");\n  }\n}\n');
    const broken = await glassline("component", "test", "dial", "--in", folder, "--browser", browser, "--out", join(folder, "pictures"));
    assert.equal(broken.code, 1);
    assert.match(broken.out, /no such luck/);
    const nowhere = await glassline("component", "test", "dial", "--in", folder, "--browser", "/no/such/browser");
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.err, /\/no\/such\/browser/);
  });
});
