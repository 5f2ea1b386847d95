// Whatever a value is stays text in every standard component, as it comes and as the hub renders it.

import assert from "node:assert/strict";
import { TEXTS } from "../hostile.js";
import { scenario } from "../scenario.js";
import { ALL, assertWhole, BATCH, description, PHONE, valueOf } from "../whole.js";

scenario("hostile values are text in every standard component, as they come", async (cast) => {
  await cast.hub({ files: { "views/all.toml": ALL } });
  const device = cast.device("speaker");
  await device.join();
  await device.deliver({ x: "", y: 1 });
  const panel = await cast.panel("/views/all");
  panel.expect(/404/); // a picture whose path leads nowhere
  assert.equal(await panel.page.locator("main .component.error").count(), 0, "every component is there");
  const shown = panel.component("text", { channel: "x" });
  for (let at = 0; at < TEXTS.length; at += BATCH) {
    for (const [index, text] of TEXTS.slice(at, at + BATCH).entries()) {
      device.send({ describe: { x: description(text, 4 * index), y: { unit: text } } });
      await device.deliver({ x: valueOf(text, index), y: index });
    }
    await device.deliver({ x: `mark ${at}` });
    await panel.reads(shown, `mark ${at}`);
    await assertWhole(panel, `after ${at + BATCH} texts`);
  }
});

scenario("hostile values are text in every standard component, as the hub renders them", async (cast) => {
  const hub = await cast.hub({ files: { "views/all.toml": ALL } });
  const device = cast.device("speaker");
  await device.join();
  await device.deliver({ x: "" });
  await (await cast.panel("/views/all")).end();
  const panel = await cast.stranger({ script: false, window: PHONE });
  // As many in one value as can be: every component writes it whole or in part.
  for (let at = 0; at < TEXTS.length; at += 18) {
    const texts = TEXTS.slice(at, at + 18);
    const [text = ""] = texts;
    device.send({ describe: { x: { ...description(text, at), choices: texts }, y: { unit: text } } });
    const forms = [texts.join(""), Object.fromEntries(texts.map((each) => [each, each])), { text: texts.join(""), level: text, url: text }];
    await device.deliver({ x: forms[(at / 18) % forms.length], y: at });
    await panel.page.goto(`${hub.ready.http}/views/all`);
    await assertWhole(panel, `with the texts from ${at}`);
  }
});
