// What a device says of a command, what was asked for, and why something was lost: all of it stays text.

import assert from "node:assert/strict";
import { cut, TEXTS } from "../hostile.js";
import { scenario } from "../scenario.js";
import { ALL, assertWhole, BATCH, PHONE } from "../whole.js";

/** Commands of one scenario: a person may ask for so many a second. */
const COMMANDS = 115;

for (let first = 0, number = 1; first < TEXTS.length; first += COMMANDS, number += 1) {
  const texts = TEXTS.slice(first, first + COMMANDS);
  scenario(`hostile results, reasons and commands are text (${number})`, async (cast) => {
    const hub = await cast.hub({ files: { "views/all.toml": ALL } });
    const device = cast.device("speaker");
    await device.join();
    device.send({ describe: { x: { input: "text" } } });
    await device.deliver({ x: "" });
    const [page, all] = [await cast.panel("/devices/speaker"), await cast.panel("/views/all", { window: PHONE })];
    all.expect(/404/); // a picture whose path leads nowhere
    const headers = { "content-type": "application/json" };
    for (const [index, text] of texts.entries()) {
      const body = JSON.stringify({ command: crypto.randomUUID(), channel: "x", value: cut(text, 900), ttl: 20_000 });
      const ask = () => hub.fetch("/api/devices/speaker/commands", { method: "POST", headers, body });
      let answer = await ask();
      while (answer.status === 429) answer = await ask();
      assert.ok(answer.ok, `${answer.status}: ${await answer.text()}`);
      const { command } = await device.next("command");
      device.send(index % 3 === 0 ? { result: command, ok: true, value: text } : { result: command, ok: false, reason: text });
      if (index % BATCH > 0 && index < texts.length - 1) continue;
      device.send({ skip: device.seq, reason: cut(text, 200) });
      device.seq += 1;
      await device.deliver({ x: `mark ${index}` });
      await all.reads(all.component("text", { channel: "x" }), `mark ${index}`);
      for (const panel of [page, all]) await assertWhole(panel, `after ${index} results`);
    }
    const still = await cast.stranger({ script: false });
    await still.page.goto(`${hub.ready.http}/devices/speaker`);
    await assertWhole(still, "as the hub rendered it");
  });
}
