// Three ways to write the same view, and what a page is allowed and asked to load.

import assert from "node:assert/strict";
import { scenario } from "../scenario.js";

const FILES = {
  "views/toml.toml": `title = "In TOML"
device = "probe-1"

[[component]]
kind = "gauge"
channel = "temperature"
unit = "°C"
`,
  "views/attributes.html": `<h1>In attributes</h1>
<div data-component="gauge" data-device="probe-1" data-channel="temperature" data-unit="°C"></div>
`,
  "views/calls.html": `{% set device = "probe-1" %}
<h1>In calls</h1>
{{ component("gauge", channel="temperature", unit="°C") }}
`,
  "views/own.html": `{% set device = "probe-1" %}
<p id="mine">before</p>
{{ component("value", channel="temperature") }}
`,
  "views/own.js": 'const mine = document.querySelector("#mine");\nif (mine) mine.textContent = "mine";\n',
  "views/own.css": "#mine { font-weight: 900; }\n",
};

for (const name of ["toml", "attributes", "calls"]) {
  scenario(`a view written in ${name} is rendered with values and lives`, async (cast) => {
    const hub = await cast.hub({ files: FILES });
    const device = cast.device("probe-1");
    await device.join();
    await device.deliver({ temperature: 21.5 });

    const rendered = await (await hub.fetch(`/views/${name}`)).text();
    assert.match(rendered, /<gl-gauge[^>]*data-value="21\.5"/, "the first paint has the value");
    const panel = await cast.panel(`/views/${name}`);
    const gauge = panel.component("gauge", { channel: "temperature" });
    await panel.reads(gauge, /21\.5\s*°C/);
    await device.deliver({ temperature: 22.5 });
    await panel.reads(gauge, /22\.5\s*°C/);
  });
}

scenario("a view brings its own script and style", async (cast) => {
  await cast.hub({ files: FILES });
  const device = cast.device("probe-1");
  await device.join();
  await device.deliver({ temperature: 1 });
  const panel = await cast.panel("/views/own");
  await panel.reads(panel.page.locator("#mine"), "mine");
  const weight = await panel.page.locator("#mine").evaluate((element) => getComputedStyle(element).fontWeight);
  assert.equal(weight, "900");
});

scenario("a page loads the components on it and no others, by names that never change their content", async (cast) => {
  const hub = await cast.hub({ files: FILES });
  const panel = await cast.panel("/");
  /** @type {string[]} */
  const loaded = [];
  panel.page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await panel.go("/views/toml");
  const scripts = loaded.filter((path) => path.endsWith(".js"));
  assert.ok(scripts.some((path) => /^\/assets\/gauge\.[0-9a-z]+\.js$/.test(path)), `the gauge is loaded: ${scripts}`);
  for (const other of ["chart", "slider", "uplot", "device-list"]) {
    assert.ok(!scripts.some((path) => path.startsWith(`/assets/${other}.`)), `${other} is not on the page: ${scripts}`);
  }
  const gauge = scripts.find((path) => path.startsWith("/assets/gauge."));
  const asset = await fetch(`${hub.ready.http}${gauge}`);
  assert.match(asset.headers.get("cache-control") ?? "", /immutable/);
});

scenario("the content policy allows our files, the import map, and nothing else", async (cast) => {
  const hub = await cast.hub({ files: FILES });
  const answer = await hub.fetch("/views/toml");
  const policy = answer.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self' 'sha256-[A-Za-z0-9+/=]+'/);
  assert.match(policy, /require-trusted-types-for 'script'; trusted-types glassline component 'allow-duplicates'; frame-ancestors 'none'$/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  const page = await answer.text();
  assert.doesNotMatch(page, /<style|\sstyle="|\son[a-z]+="/);
  const inline = [...page.matchAll(/<script(?![^>]*\bsrc=)([^>]*)>/g)].map((match) => match[1]?.trim());
  assert.deepEqual(inline, ['type="importmap"']);

  const panel = await cast.panel("/views/toml");
  panel.expect(/Content Security Policy|Trusted(HTML|Script|TypePolicy)/i);
  const { ran, thrown } = await panel.page.evaluate(() => {
    const script = document.createElement("script");
    const attempts = [
      () => (document.createElement("div").innerHTML = "<img src=x onerror=\"document.body.dataset.injected='yes'\">"),
      () => (script.textContent = "document.body.dataset.injected = 'yes'"),
      () => (script.src = "/assets/x.js"),
      () => document.body.setAttribute("onclick", "document.body.dataset.injected = 'yes'"),
      () => new DOMParser().parseFromString("<p>", "text/html"),
      () => document.body.insertAdjacentHTML("beforeend", "<p>"),
      () => document.createRange().createContextualFragment("<p>"),
      () => /** @type {any} */ (globalThis).trustedTypes.createPolicy("other", {}),
      () => /** @type {any} */ (globalThis).trustedTypes.createPolicy("default", {}),
    ];
    const thrown = attempts.map((attempt) => {
      try {
        attempt();
        return "nothing";
      } catch (error) {
        return String(error).split(":")[0];
      }
    });
    document.body.append(script);
    return { ran: document.body.dataset.injected, thrown };
  });
  assert.equal(ran, undefined, "nothing that is injected runs");
  assert.deepEqual(new Set(thrown), new Set(["TypeError"]), "text becomes no markup and no script");
});
