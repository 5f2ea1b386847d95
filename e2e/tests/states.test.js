// What is beyond a limit, what a state was and when, and what a device said: seen as it comes, and after a reload.

import { eventually } from "../deadline.js";
import { scenario } from "../scenario.js";

const VIEW = `
device = "tank-1"
[[component]]
kind = "level"
channel = "level"
[[component]]
kind = "state-timeline"
channel = "pump"
words = { true = "Running", false = "Resting" }
[[component]]
kind = "log"
channel = "said"
[[component]]
kind = "table"
`;

/** @param {import("../scenario.js").Cast} cast */
async function stage(cast) {
  await cast.hub({ files: { "views/tank.toml": VIEW } });
  const device = cast.device("tank-1");
  await device.join();
  device.send({ describe: { level: { unit: "%", min: 0, max: 100, warn_below: 20, alarm_below: 10 } } });
  await device.deliver({ level: 50, pump: true, said: "filling" });
  return { device, panel: await cast.panel("/views/tank") };
}

scenario("a value beyond a limit is said in words, and no longer once it is within", async (cast) => {
  const { device, panel } = await stage(cast);
  const level = panel.component("level");
  await panel.reads(level, /50\s*%/);
  await device.deliver({ level: 15 });
  await panel.reads(level, "Warning: below 20 %");
  await device.deliver({ level: 9.5 });
  await panel.reads(level, "Alarm: below 10 %");
  await panel.reads(panel.component("table"), /9\.5\s*%\s*Alarm: below 10 %/);
  await device.deliver({ level: 10 });
  await panel.reads(level, "Warning: below 20 %");
  await device.deliver({ level: 60 });
  await panel.reads(level, /^(?![^]*(Warning|Alarm))[^]*60/);
});

scenario("what a state was and what was said are there after a reload, and what is said again is counted", async (cast) => {
  const { device, panel } = await stage(cast);
  await panel.reads(panel.component("log"), "filling");
  await device.deliver({ pump: false, said: "full" });
  await device.deliver({ said: "full" });
  for (const time of ["as it came", "after a reload"]) {
    await panel.reads(panel.component("log"), /full\s*×2[^]*filling/);
    await panel.reads(panel.component("state-timeline"), /^Pump\s*Resting[^]*Running/);
    const lane = panel.component("state-timeline").getByRole("img");
    // It is drawn with the frame behind the one that says what is the case.
    await eventually(`both are drawn ${time}`, async () => /Running [^]*Resting/.test((await lane.getAttribute("aria-label")) ?? ""));
    if (time === "as it came") await panel.go("/views/tank");
  }
});
