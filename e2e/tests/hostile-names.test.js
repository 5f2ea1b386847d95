// What devices are called, ids that mean something to a program, and what stands in an address: all of it stays text.

import assert from "node:assert/strict";
import { cut, IDS, TEXTS } from "../hostile.js";
import { scenario } from "../scenario.js";
import { assertWhole, PHONE } from "../whole.js";

scenario("hostile names and labels of devices are text in the list and on their pages", async (cast) => {
  const hub = await cast.hub();
  const call = async (/** @type {string} */ method, /** @type {string} */ path, /** @type {unknown} */ body) => {
    const answer = await hub.fetch(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    assert.ok(answer.status < 500, `${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.ok;
  };
  let named = 0;
  // A name may not hold control characters: that is refused, and there are enough others.
  const texts = [...TEXTS.entries()];
  const one = async () => {
    for (let next = texts.pop(); next; next = texts.pop()) {
      const [index, text] = next;
      await call("POST", "/api/devices", { id: `d-${index}` });
      const called = { name: cut(text, 100), labels: [cut(text, 40)] };
      if (await call("PATCH", `/api/devices/d-${index}`, called)) named += 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
  assert.ok(named >= 500, `${named} of ${TEXTS.length} are names`);
  const panel = await cast.panel("/");
  const list = panel.component("device-list");
  await list.getByRole("listitem").first().waitFor();
  const box = list.getByRole("searchbox");
  for (const text of ["<", "script", "__proto__", "\u202e", "{{", "=1"]) {
    await box.fill(text);
    await assertWhole(panel, `the list, looked through for ${text}`);
  }
  await box.fill("");
  for (let top = 0; top < 48_000; top += 600) {
    await panel.page.evaluate((to) => scrollTo(0, to), top);
    await assertWhole(panel, `the list from ${top} px`);
  }
  for (const index of [0, 36, 80, 200, 505, 520, 560, 600]) {
    await panel.go(`/devices/d-${index}`);
    await assertWhole(panel, `the page and title of d-${index}`);
  }
  const still = await cast.stranger({ script: false, window: PHONE });
  await still.page.goto(`${hub.ready.http}/`);
  await assertWhole(still, "the list without a script");
});

scenario("ids that mean something to a program are ids like any other", async (cast) => {
  const view = '{% set device = "constructor" %}<h1>One</h1>{{ component("device-header") }}{{ component("value", channel="__proto__") }}';
  const each = 'title = "Each"\ndevices = "*"\n[[component]]\nkind = "value"\nchannel = "constructor"\n';
  const hub = await cast.hub({ files: { "views/one.html": view, "views/each.toml": each } });
  for (const id of IDS) {
    const device = cast.device(id);
    await device.join();
    device.send('{"describe":{"__proto__":{"unit":"polluted"},"constructor":{"unit":"polluted"}}}');
    device.send('{"seq":1,"values":{"__proto__":{"unit":"polluted"},"constructor":1,"toString":2}}');
    device.seq += 1;
    await device.deliver({ length: 3 });
  }
  const panel = await cast.panel("/");
  await panel.component("device-list").getByRole("listitem").first().waitFor();
  const still = await cast.stranger({ script: false, window: PHONE });
  for (const path of ["/", "/gateways", "/status", "/views/one", "/views/each", "/views/each?device=__proto__", ...IDS.map((id) => `/devices/${id}`)]) {
    await still.page.goto(hub.ready.http + path);
    await assertWhole(still, `${path} without a script`);
    await panel.go(path);
    await assertWhole(panel, path);
    if (path.startsWith("/devices/")) await panel.reads(panel.component("value", { channel: "length" }), "3");
  }
});

scenario("hostile addresses are text on the page that they lead to", async (cast) => {
  const view = '{% set device = "d" %}<h1>{{ query.q }}</h1><p title="{{ query.q }}">{{ query }}</p>{{ component("value", channel=query.q, label=query.q) }}';
  const hub = await cast.hub({ files: { "views/one.html": view } });
  const panel = await cast.panel("/");
  const still = await cast.stranger({ script: false });
  still.expect(/^40[04]: |status of 40[04]/);
  for (let index = 0; index < TEXTS.length; index += 72) {
    const text = encodeURIComponent(cut(TEXTS[index] ?? "", 200));
    for (const path of [`/views/one?q=${text}`, `/devices/${text}`, `/views/${text}`, `/components/${text}`, `/${text}`, `/login?to=${text}`, `/?good=${text}`]) {
      await still.page.goto(hub.ready.http + path);
      // The page asked for, or one that says what is not there; else the words of a refusal, which are no page.
      if ((await still.page.locator("header.bar").count()) > 0) await assertWhole(still, path);
    }
    if (index % 288 > 0) continue;
    for (const path of [`/views/one?q=${text}`, `/components/gauge?label=${text}&unit=${text}&value=${text}&sample=${text}&state=${text}`]) {
      await panel.page.goto(hub.ready.http + path);
      await assertWhole(panel, `${path}, alive`);
    }
  }
});
