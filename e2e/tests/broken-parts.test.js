// A part of a view that is broken is one red tile that says what and where; the rest of the view works.

import { scenario } from "../scenario.js";

const MANIFEST = 'title = "Broken"\ndirection = "output"\n';
const TEMPLATE = "<p>{{ value }}</p>\n";

/** A view with a good component before and after the one in question. @param {string} kind */
const viewWith = (kind) => `
title = "Partly broken"
device = "probe-1"

[[component]]
kind = "value"
channel = "before"

[[component]]
kind = "${kind}"
channel = "before"

[[component]]
kind = "value"
channel = "after"
`;

/**
 * The view with that component, live.
 * @param {any} cast
 * @param {string} kind
 * @param {Record<string, string>} files  of the component's folder
 * @param {RegExp} [noise]  what the browser may complain about
 */
async function open(cast, kind, files, noise) {
  const folder = Object.entries(files).map(([name, text]) => [`components/${kind}/${name}`, text]);
  await cast.hub({ files: { "views/broken.toml": viewWith(kind), ...Object.fromEntries(folder) } });
  const device = cast.device("probe-1");
  await device.join();
  await device.deliver({ before: 1, after: 2 });
  const panel = await cast.panel("/");
  if (noise) panel.expect(noise);
  await panel.go("/views/broken");
  return { device, panel };
}

/** The rest of the view still shows what arrives. @param {any} device @param {any} panel */
async function theRestWorks(device, panel) {
  await device.deliver({ before: 11, after: 12 });
  await panel.reads(panel.component("value", { channel: "before" }), "11");
  await panel.reads(panel.component("value", { channel: "after" }), "12");
}

scenario("a component that does not exist is a tile with the nearest name and the place", async (cast) => {
  const { device, panel } = await open(cast, "gague", {});
  const tile = panel.page.getByRole("alert");
  await panel.reads(tile, /gague/);
  await panel.reads(tile, /Did you mean .gauge/);
  await panel.reads(tile, /broken\.toml:\d+/);
  await theRestWorks(device, panel);
});

scenario("a template with an error is a tile that says where", async (cast) => {
  const files = { "component.toml": MANIFEST, "template.html": "<p>{{ value | nosuchfilter }}</p>\n" };
  const { device, panel } = await open(cast, "crooked", files);
  const tile = panel.page.getByRole("alert");
  await panel.reads(tile, /nosuchfilter/);
  await panel.reads(tile, /template\.html:1/);
  await theRestWorks(device, panel);
});

scenario("a manifest with an unknown key is a tile that names the nearest one", async (cast) => {
  const files = { "component.toml": `${MANIFEST}spann = 4\n`, "template.html": TEMPLATE };
  const { device, panel } = await open(cast, "misspelt", files);
  const tile = panel.page.getByRole("alert");
  await panel.reads(tile, /spann.*span\b/s);
  await panel.reads(tile, /component\.toml:\d+/);
  await theRestWorks(device, panel);
});

scenario("a script that throws when a sample arrives is a tile", async (cast) => {
  const script = `import { Component } from "glassline";
export default class extends Component {
  receive() { throw new Error("the needle is stuck"); }
}
`;
  const files = { "component.toml": MANIFEST, "template.html": TEMPLATE, "element.js": script };
  const { device, panel } = await open(cast, "throwing", files, /the needle is stuck/);
  await device.deliver({ before: 5 });
  await panel.reads(panel.page.getByRole("alert"), /the needle is stuck/);
  await theRestWorks(device, panel);
});

scenario("a script that cannot be read is a tile", async (cast) => {
  const files = { "component.toml": MANIFEST, "template.html": TEMPLATE, "element.js": "export default class {{{\n" };
  const { device, panel } = await open(cast, "garbled", files, /garbled|SyntaxError|Unexpected/);
  await panel.reads(panel.page.getByRole("alert"), /garbled/);
  await theRestWorks(device, panel);
});

scenario("a style written into a template is reported and does nothing", async (cast) => {
  const files = { "component.toml": MANIFEST, "template.html": '<p style="color: red">{{ value }}</p>\n' };
  const { device, panel } = await open(cast, "inline", files, /inline style|Content Security Policy/);
  await panel.reads(panel.page.getByRole("alert"), /style/);
  await theRestWorks(device, panel);
});
