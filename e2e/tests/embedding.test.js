// A view in a frame of somebody else's page: of those that the operator lists, and of nobody else.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const VIEW = 'title = "Framed"\ndevice = "boiler-7"\n[[component]]\nkind = "value"\nchannel = "temperature"\n';

/** A page with a frame around whatever its address says, on a port of its own. */
async function frames() {
  const server = createServer((request, response) => {
    const framed = new URL(request.url ?? "/", "http://x").searchParams.get("of") ?? "";
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><link rel="icon" href="data:,"><iframe title="framed" width="900" height="600" src="${framed}"></iframe>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { port, end: () => server.close().closeAllConnections() };
}

scenario("a listed page of the same site shows a view that lives; others show nothing, and a form nobody does", async (cast) => {
  const { port, end } = await frames();
  try {
    const files = { "glassline.toml": `[embedding]\norigins = ["http://127.0.0.1:${port}"]\n`, "views/framed.toml": VIEW };
    const hub = await cast.hub({ files });
    const device = cast.device("boiler-7");
    await device.join();
    await device.deliver({ temperature: 21.5 });
    await eventually("the list counts", async () => (await hub.fetch("/views/framed")).headers.get("content-security-policy")?.includes(`${port}`));
    const panel = await cast.panel("/views/framed");
    panel.expect(/frame-ancestors|ERR_BLOCKED_BY_RESPONSE|refused to connect/i);
    panel.expect(/^401: |status of 401/);
    const frame = panel.page.frameLocator("iframe");
    const show = (/** @type {string} */ host, /** @type {string} */ path) => panel.page.goto(`http://${host}:${port}/?of=${encodeURIComponent(hub.ready.http + path)}`);

    await show("127.0.0.1", "/views/framed");
    await panel.reads(frame.locator("gl-value"), "21.5");
    await device.deliver({ temperature: 22.5 });
    await panel.reads(frame.locator("gl-value"), "22.5");

    // The same machine by another name is another site: no cookie travels there, and the name is not listed either.
    for (const [host, path] of [["localhost", "/views/framed"], ["127.0.0.1", "/login"], ["127.0.0.1", "/api/devices"]]) {
      await show(host ?? "", path ?? "");
      assert.equal(await frame.locator("main, pre").count(), 0, `${host} ${path}`);
    }
    hub.save("glassline.toml", "");
    await eventually("the list is empty", async () => (await hub.fetch("/views/framed")).headers.get("content-security-policy")?.endsWith("frame-ancestors 'none'"));
    await show("127.0.0.1", "/views/framed");
    assert.equal(await frame.locator("main").count(), 0, "it is framed no longer");
  } finally {
    end();
  }
});
