// While one is at work in a page, somebody else saves what it is made of: it is there, and what becomes of the work.

import assert from "node:assert/strict";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const MANIFEST = 'title = "Note"\ndirection = "both"\n';
/** @param {string} said */
const template = (said) => `<p data-part="said">${said}</p>
<form data-send novalidate><input type="text" data-part="field" aria-label="Note" disabled><button type="submit" disabled>Send</button></form>
`;
/** @param {string} body */
const script = (body) => `import { Component } from "glassline";

export default class Note extends Component {
  receive(sample) {
    ${body}
  }
}
`;
const VIEW = `device = "probe-1"

[[component]]
kind = "note"
channel = "level"

[[component]]
kind = "gauge"
channel = "level"
`;

/** An open view with a component that one can write into. @param {import("../scenario.js").Cast} cast @param {Record<string, string>} [more] */
async function begin(cast, more = {}) {
  const hub = await cast.hub({
    files: {
      "views/desk.toml": VIEW,
      "components/note/component.toml": MANIFEST,
      "components/note/template.html": template("first"),
      "components/note/element.js": script('this.part("said").textContent = `first ${sample.value}`;'),
      ...more,
    },
  });
  const device = cast.device("probe-1");
  await device.join();
  await device.deliver({ level: 7 });
  const panel = await cast.panel("/views/desk");
  const note = panel.component("note");
  await panel.reads(note, "first 7");
  const field = note.getByRole("textbox");
  await eventually("the field to be of use", () => field.isEnabled());
  return { hub, device, panel, note, field };
}

/** Marks every component, to see later which are the same elements. @param {import("../panel.js").Panel} panel */
const mark = (panel) => panel.page.evaluate(() => document.querySelectorAll("[data-component]").forEach((each) => Object.assign(each, { isOfOld: true })));

/** Whether the element is the one that was marked. @param {import("playwright-core").Locator} component */
const isOfOld = (component) => component.evaluate((element) => /** @type {any} */ (element).isOfOld === true);

scenario("what one is writing into a component goes on in its new version, and nothing is sent by that", async (cast) => {
  const { hub, device, panel, note, field } = await begin(cast);
  await field.pressSequentially("hello world");
  await field.press("Home");
  await mark(panel);
  hub.save("components/note/element.js", script('this.part("said").textContent = `second ${sample.value}`;'));
  await panel.reads(note, "second 7");
  assert.equal(await isOfOld(note), false);
  await panel.page.keyboard.type("Oh ");
  assert.equal(await field.inputValue(), "Oh hello world");
  hub.save("components/note/template.html", template("third").replace("<form", "<hr><form"));
  await note.locator("hr").waitFor({ state: "attached" });
  await panel.page.keyboard.type("so ");
  assert.equal(await field.inputValue(), "Oh so hello world");
  assert.equal(device.waiting("command"), 0);
  await panel.page.keyboard.press("Enter");
  assert.equal((await device.next("command")).value, "Oh so hello world");
});

scenario("what is saved again and again is there each time", async (cast) => {
  const { hub, panel, note } = await begin(cast);
  for (const word of ["one", "two", "three"]) {
    hub.save("components/note/element.js", script(`this.part("said").textContent = "${word}";`));
    await panel.reads(note, word);
  }
});

scenario("a component that is new, and one with a library of its own, come into an open page", async (cast) => {
  const { hub, panel } = await begin(cast);
  await mark(panel);
  hub.save("components/lamp-post/component.toml", 'title = "Lamp post"\ndirection = "output"\n');
  hub.save("components/lamp-post/template.html", '<p data-part="value">{{ value }}</p>\n');
  hub.save("components/lamp-post/element.js", script('this.part("value").textContent = `lit at ${sample.value}`;'));
  hub.save("components/lamp-post/style.css", "p { color: rgb(7, 8, 9); }\n");
  hub.save("views/desk.toml", `${VIEW}\n[[component]]\nkind = "lamp-post"\nchannel = "level"\n\n[[component]]\nkind = "chart"\nchannel = "level"\n`);
  const post = panel.component("lamp-post");
  await panel.reads(post, "lit at 7");
  // A page goes on without a style that takes long, and has it later.
  await eventually("its style", () => post.locator("p[data-part]").evaluate((said) => getComputedStyle(said).color === "rgb(7, 8, 9)"));
  await panel.component("chart").locator("canvas").first().waitFor();
  assert.equal(await isOfOld(panel.component("gauge")), true);
});

scenario("a version that fails in the browser is none to go back to", async (cast) => {
  const { hub, panel, note } = await begin(cast);
  panel.expect(/it is stuck/);
  for (const word of ["it is stuck", "it is stuck again"]) {
    hub.save("components/note/element.js", script(`throw new Error("${word}");`));
    const tile = panel.page.getByRole("alert").filter({ hasText: word });
    await panel.reads(tile, /components\/note\/element\.js:\d+:\d+/);
    await tile.getByRole("link").click();
    await panel.connected();
    await panel.reads(note, "first 7");
    await panel.page.getByRole("link", { name: "Show the present version" }).click();
    await panel.connected();
  }
});

scenario("what was saved while a page had no connection is in it when it is back", async (cast) => {
  const { hub, panel, note } = await begin(cast);
  const line = await panel.line();
  await panel.go("/views/desk");
  await mark(panel);
  line.cut();
  await panel.page.locator('[data-role="banner"]:not([hidden])').waitFor();
  hub.save("components/note/element.js", script('this.part("said").textContent = `later ${sample.value}`;'));
  line.mend();
  await panel.reads(note, "later 7");
  assert.equal(await isOfOld(panel.component("gauge")), true);
});

scenario("a view with a script of its own is loaded anew, and what one is writing stays", async (cast) => {
  const own = (/** @type {string} */ title) => `{% set device = "probe-1" %}\n<h1>${title}</h1>\n<p id="mine"></p>\n{{ component("note", channel="level") }}\n`;
  const { hub, panel, field } = await begin(cast, {
    "views/own.html": own("Before"),
    "views/own.js": 'document.querySelector("#mine").textContent = "mine";\n',
  });
  await panel.go("/views/own");
  await eventually("the field to be of use", () => field.isEnabled());
  await field.pressSequentially("half a");
  hub.save("views/own.html", own("After"));
  await panel.reads(panel.page.getByRole("heading", { level: 1 }), "After");
  await panel.reads(panel.page.locator("#mine"), "mine");
  await eventually("the cursor to be back", () => field.evaluate((element) => element === document.activeElement));
  await panel.page.keyboard.type(" word");
  assert.equal(await field.inputValue(), "half a word");
});
