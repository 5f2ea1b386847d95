// The first minute: each program that a hub's empty page shows is run as it stands there, and is what the README prints.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { eventually } from "../../e2e/deadline.js";
import { Hub } from "../../e2e/hub.js";
import { Checkout, LANGUAGES, PROGRAMS } from "./first-minute.js";
import { ROOT } from "./libraries.js";

/** A compiler may be busy, ms. */
const BUILD_MS = 600_000;
/** A program that was just started says something, ms. */
const BEGIN_MS = 60_000;

const README = readFileSync(join(ROOT, "README.md"), "utf8");
const hub = new Hub();
let page = "";
before(async () => {
  await hub.start();
  page = await (await hub.fetch("/")).text();
});
after(() => hub.end());

for (const [language, file] of Object.entries(LANGUAGES)) {
  test(`the program in ${language} is in the README as it is kept, in at most 15 lines`, () => {
    const program = readFileSync(join(PROGRAMS, file), "utf8");
    assert.ok(program.trimEnd().split("\n").length <= 15);
    assert.ok(README.includes(`\n${program}\`\`\`\n`), `${file} is not in the README, or not as it is in examples/first-minute`);
  });

  test(`the program in ${language} runs as the page shows it, and its values arrive`, { timeout: BUILD_MS }, async () => {
    const checkout = new Checkout();
    try {
      await checkout.start(language, shown(language));
      await eventually("two values", async () => (await values(`${language}-1`)).size > 1, BEGIN_MS);
      if ((await hub.json(`/api/devices/${language}-1`)).describe?.lamp) await switchLamp(`${language}-1`);
    } finally {
      checkout.end();
    }
  });
}

/** The program on the page, as the button copies it. @param {string} language */
function shown(language) {
  const [, text] = page.match(new RegExp(`<code data-part="first-${language}">([^<]*)</code>`)) ?? [];
  assert.ok(text, `the page shows no program in ${language}`);
  const marks = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&#39;": "'", "&#x2f;": "/", "&amp;": "&" };
  const program = text.replace(/&[#\w]+;/g, (mark) => /** @type {Record<string, string>} */ (marks)[mark] ?? assert.fail(mark));
  assert.ok(program.includes(hub.ready.join), "the token is filled in");
  assert.doesNotMatch(program.replace(hub.ready.join, ""), /HOST|PORT|TOKEN/);
  return program;
}

/** Every value the device has sent. @param {string} device */
async function values(device) {
  const { channels } = await hub.json(`/api/devices/${device}`);
  const [channel] = Object.keys(channels);
  const answer = await hub.fetch(`/api/devices/${device}/channels/${channel}/samples?format=ndjson`);
  return new Set((await answer.text()).split("\n").filter((line) => line !== ""));
}

/** @param {string} device */
async function switchLamp(device) {
  const body = JSON.stringify({ command: "c-lamp", channel: "lamp", value: true });
  await hub.fetch(`/api/devices/${device}/commands`, { method: "POST", body });
  await eventually("the lamp", async () => (await hub.json(`/api/devices/${device}/commands/c-lamp`)).state === "done");
}
