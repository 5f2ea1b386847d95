// The page of the gateways: what it says of one is what is so, and what nobody knows any more is not said.

import assert from "node:assert/strict";
import { SOON_MS } from "../deadline.js";
import { makeGateway } from "../gateway.js";
import { scenario } from "../scenario.js";

const PHONE = { width: 390, height: 844 };
/** What only a gateway that is connected can say. */
const SAID = ["behind", "oldest", "bytes"];

/** @param {import("../panel.js").Panel} panel @param {string} id */
const row = (panel, id) => panel.component("gateway-list").locator(`li[data-id="${id}"]`);
/** @param {import("../panel.js").Panel} panel @param {string} id @param {string} part */
const cell = (panel, id, part) => row(panel, id).locator(`[data-part="${part}"]`);

scenario("a gateway is shown with its devices and its lag, and without them once it is gone", async (cast) => {
  const hub = await cast.hub();
  await makeGateway(hub, "attic");
  const barn = await cast.gateway("barn");
  const pump = cast.deviceBehind("pump-1", barn);
  await pump.join();
  await pump.deliver({ temperature: 21.5 });
  const panel = await cast.panel("/gateways");
  await panel.reads(row(panel, "barn"), /online/i);
  await panel.reads(cell(panel, "barn", "devices"), /^1$/);
  await panel.reads(cell(panel, "barn", "behind"), /^0$/);
  await panel.reads(cell(panel, "barn", "bytes"), /^0 B$/);
  await panel.reads(row(panel, "attic"), "never connected");
  await panel.page.getByText("Connect another gateway").click();
  await panel.reads(panel.component("gateway-list").locator("pre"), hub.ready.http);
  for (const part of SAID) await panel.reads(cell(panel, "attic", part), /^–$/);

  const disk = await cast.brokenDisk();
  for (let t = 0; t < 5; t += 1) await pump.deliver({ temperature: t });
  await panel.reads(cell(panel, "barn", "behind"), /^5$/, 3 * SOON_MS);
  await panel.reads(cell(panel, "barn", "bytes"), /^[1-9][0-9]* B$/);
  await panel.reads(cell(panel, "barn", "oldest"), /^[0-9]+ s$/);

  await barn.kill();
  await disk.mend();
  await panel.reads(row(panel, "barn"), /offline/i);
  await panel.reads(cell(panel, "barn", "devices"), /^1$/);
  for (const part of SAID) await panel.reads(cell(panel, "barn", part), /^–$/);
  assert.match((await cell(panel, "barn", "behind").getAttribute("title")) ?? "", /^5, as it said last before /);
  await panel.page.setViewportSize(PHONE);
  assert.deepEqual(await panel.overflow(), []);

  const list = await cast.panel("/");
  await list.reads(list.component("device-list"), /unreachable/i);
});
