// What the README prints works as it is printed.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { scenario } from "../scenario.js";

const README = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

scenario("the component in three files works as the README prints it", async (cast) => {
  await cast.hub({ files: { ...printed("components/tank"), "views/tank.toml": 'device = "tank-1"\n[[component]]\nkind = "tank"\nchannel = "level"\n' } });
  const device = cast.device("tank-1");
  await device.join();
  await device.deliver({ level: 25 });
  const panel = await cast.panel("/views/tank");
  const tank = panel.component("tank");
  await panel.state(tank, "fresh");
  const full = await place(tank.locator("svg"));
  assert.ok(full.height < 200, "it is a drawing and no poster");
  const water = tank.locator('[data-part="water"]');
  const quarter = await place(water);
  assert.ok(Math.abs(quarter.height / full.height - 0.25) < 0.05, `${quarter.height} of ${full.height}`);
  assert.ok(full.bottom - quarter.bottom < full.height * 0.05, "water lies on the ground");

  await device.deliver({ level: 75 });
  await panel.page.waitForFunction((low) => (document.querySelector('[data-part="water"]')?.getBoundingClientRect().height ?? 0) > low * 2, quarter.height);
  const risen = await place(water);
  assert.ok(Math.abs(risen.bottom - quarter.bottom) < 1 && risen.top < quarter.top, "it rises from the bottom");
});

/** The files of a folder that the README prints, by their path. @param {string} folder @returns {Record<string, string>} */
function printed(folder) {
  const blocks = [...README.matchAll(/```\w+\n([^]*?)```/g)].map(([, text = ""]) => text);
  const files = blocks.flatMap((text) => {
    const path = text.split("\n", 1)[0]?.match(/[\w./-]+\.\w+/)?.[0];
    return path?.startsWith(folder) ? [[path, text]] : [];
  });
  assert.equal(files.length, 3);
  return Object.fromEntries(files);
}

/** Where it is on the page. @param {import("playwright-core").Locator} locator */
function place(locator) {
  return locator.evaluate((element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    return { top, bottom, height };
  });
}
