// Whatever a device says stays text on its own page, as the hub renders it and as it comes: names of channels, units, values,
// descriptions. Nothing of it runs, opens, loads or hides anything, and no page grows wider than its window.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { NAMES, TEXTS } from "../hostile.js";
import { scenario } from "../scenario.js";
import { assertWhole, description, PHONE, valueOf } from "../whole.js";

/** Channels of one device, so few that its page places them all. */
const CHANNELS = 110;

assert.ok(TEXTS.length >= 500 && NAMES.length >= 500, `${TEXTS.length} texts, ${NAMES.length} names`);

/**
 * Says all of `values`, a few in a message, and waits until they are taken over.
 * @param {import("../device.js").Device} device
 * @param {[string, unknown][]} values
 */
async function sayAll(device, values) {
  for (let at = 0; at < values.length; at += 4) await device.deliver(Object.fromEntries(values.slice(at, at + 4)));
}

for (let first = 0, number = 1; first < NAMES.length; first += CHANNELS, number += 1) {
  const names = NAMES.slice(first, first + CHANNELS);
  scenario(`hostile channels, units, values and descriptions are text on a device's page (${number})`, async (cast) => {
    await cast.hub();
    const device = cast.device("speaker");
    await device.join();
    const at = (/** @type {number} */ index) => TEXTS[(first + index) % TEXTS.length] ?? "";
    const say = async (/** @type {number} */ turn) => {
      for (const [index, name] of names.entries()) device.send({ describe: Object.fromEntries([[name, description(at(index + turn), index)]]) });
      await sayAll(device, names.map((name, index) => [name, valueOf(at(index + turn), index + turn)]));
    };
    await say(0);
    const live = await cast.panel("/devices/speaker");
    await assertWhole(live, "as the hub rendered it, alive");
    const still = await cast.stranger({ script: false, window: PHONE });
    await still.page.goto(`${cast.hubs[0].ready.http}/devices/speaker`);
    await assertWhole(still, "as the hub rendered it, on a phone");
    await say(1);
    const last = names.findLastIndex((_, index) => typeof valueOf(at(index + 1), index + 1) === "string");
    await eventually("the last text has come", () => live.page.evaluate(
      ([name, value]) => [...document.querySelectorAll("main [data-channel]")].some((each) => each.getAttribute("data-channel") === name && each.getAttribute("data-value") !== null && (value?.length ?? 0) >= 0),
      [names[last] ?? "", at(last + 1)],
    ));
    await assertWhole(live, "as it came alive");
    await live.page.setViewportSize(PHONE);
    await assertWhole(live, "as it came alive, on a phone");
  });
}
