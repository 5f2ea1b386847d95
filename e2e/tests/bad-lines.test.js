// A device that talks nonsense is told what was wrong and where; what it says right counts, and nobody else notices.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

/** A line, the code of the error it is answered with, and where in the line (bytes from 0) where that is certain. */
const NONSENSE = [
  { line: "hello?", code: "bad_json", at: 0 },
  { line: '{"temperature":21.5,"temperature":22.5}', code: "duplicate_key" },
  { line: `{"deep":${"[".repeat(20)}${"]".repeat(20)}}`, code: "too_deep" },
  { line: `{"long":"${"x".repeat(70_000)}"}`, code: "too_long" },
  { line: '{"seq":-1,"values":{"temperature":1}}', code: "bad_message" },
];

scenario("each kind of nonsense is answered with its code and place, and hurts nobody", async (cast) => {
  await cast.hub();
  const [good, bad] = [cast.device("good-1"), cast.device("bad-1")];
  await good.join();
  await bad.join();
  await good.deliver({ temperature: 1 });
  await bad.deliver({ temperature: 1 });
  const panel = await cast.panel("/devices/bad-1");
  const value = panel.component("value", { channel: "temperature" });
  await panel.reads(value, "1");

  let line = 2; // the identify and the first sample
  for (const { line: text, code, at } of NONSENSE) {
    bad.send(text);
    line += 1;
    const { error } = await bad.next("error");
    assert.equal(error.code, code, JSON.stringify(error));
    assert.equal(error.line, line, JSON.stringify(error));
    assert.ok(error.reason, "it says what is wrong");
    if (at !== undefined) assert.equal(error.at, at);
  }
  await bad.deliver({ temperature: 42.5 });
  await panel.reads(value, "42.5");
  await good.deliver({ temperature: 2 });
  assert.equal(good.waiting("error"), 0);
});

scenario("text that is not UTF-8 never reaches a page", async (cast) => {
  const hub = await cast.hub();
  const device = cast.device("bytes-1");
  await device.join();
  await device.deliver({ mode: "eco" });
  device.sendBytes(Buffer.from('{"mode":"\xff\xfe"}\n', "latin1"));
  const { error } = await device.next("error");
  assert.equal(error.code, "bad_utf8");
  await device.deliver({ mode: "grün" });
  const panel = await cast.panel("/devices/bytes-1");
  await panel.reads(panel.component("text", { channel: "mode" }), "grün");
  assert.equal((await hub.json("/api/devices/bytes-1")).channels.mode.value, "grün");
});

scenario("what a device sends is text on a page, never markup", async (cast) => {
  await cast.hub();
  const markup = '<img src=x onerror="document.body.dataset.ran=1"><b>bold</b>';
  const device = cast.device("markup-1");
  await device.join();
  device.send({ describe: { mode: { unit: markup }, [markup]: { unit: "x" } } });
  await device.deliver({ mode: "", [markup]: markup });
  const panel = await cast.panel("/devices/markup-1");
  await device.deliver({ mode: markup, nested: { [markup]: markup } });
  await panel.reads(panel.component("text", { channel: "mode" }), "<b>bold</b>");
  await panel.component("json", { channel: "nested" }).waitFor();
  await eventually("everything is drawn", async () => (await panel.page.locator("main img, main b").count()) === 0);
  assert.equal(await panel.page.evaluate(() => document.body.dataset.ran), undefined);
});
