// The audit: administrators see who did what, in words, on a phone and on a desk; and no secret is in it.

import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { found, foundIn, secretsOf } from "../canaries.js";
import { scenario } from "../scenario.js";

/** @param {import("../hub.js").Hub} hub @param {string} id */
async function device(hub, id) {
  const made = await hub.fetch("/api/devices", { method: "POST", body: JSON.stringify({ id }), headers: { "content-type": "application/json" } });
  assert.equal(made.status, 201);
}

scenario("what was done is listed in words, and asked for by who, what and device", async (cast) => {
  const hub = await cast.hub();
  const panel = await cast.panel("/");
  const { page } = panel;
  // What is said of the login is stored before they are.
  await device(hub, "boiler-7");
  await device(hub, "boiler-8");
  await panel.go("/audit");
  await page.getByRole("rowheader", { name: "Logged in" }).first().waitFor();
  assert.equal(await page.locator('tr[data-what="device_made"]').count(), 2);
  assert.equal(await page.getByRole("link", { name: "Audit" }).getAttribute("aria-current"), "page");

  await page.getByLabel("What").selectOption({ label: "Device made" });
  await page.getByLabel("Device").fill("boiler-8");
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL(/what=device_made/);
  assert.equal(await page.locator("tbody tr").count(), 1);
  assert.match((await page.locator("tbody tr").textContent()) ?? "", /Device made.*admin.*boiler-8/s);
  assert.equal(await page.getByLabel("Device").inputValue(), "boiler-8");
});

scenario("older rows are a page away, and nothing is wider than a phone", async (cast) => {
  const hub = await cast.hub();
  for (let n = 0; n < 110; n += 1) await device(hub, `pump-${n}`);
  const panel = await cast.panel("/audit", { window: { width: 390, height: 844 } });
  const { page } = panel;
  assert.equal(await page.locator("tbody tr").count(), 100);
  assert.deepEqual(await panel.overflow(), []);
  await page.getByRole("link", { name: "Older" }).click();
  await page.waitForURL(/before=/);
  assert.ok((await page.locator("tbody tr").count()) >= 10);
  assert.equal(await page.locator('tr[data-what="started"]').count(), 1);
  assert.equal(await page.getByRole("link", { name: "Older" }).count(), 0);
});

scenario("a secret that was planted is found", async (cast) => {
  const hub = await cast.hub();
  await cast.panel("/");
  const secrets = secretsOf(hub);
  assert.ok(secrets.length >= 4, `${secrets.length} secrets`);
  const folder = mkdtempSync(join(tmpdir(), "glassline-planted-"));
  assert.deepEqual(foundIn(secrets, hub.state), []);
  for (const [what, secret] of secrets) {
    writeFileSync(join(folder, "some.db-wal"), Buffer.concat([Buffer.from([0, 255]), Buffer.from(`…${secret}…`)]));
    assert.deepEqual(foundIn(secrets, folder), [`${what} stands in ${join(folder, "some.db-wal")}`]);
    assert.equal(found(secrets, "an address", `${hub.ready.http}/?token=${secret}`).length, 1);
  }
});
