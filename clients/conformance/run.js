// cargo xtask conformance [vectors|chaos|hole|identity] [--library NAME]… [--rounds N] [--seed N] [--built]
//
// Plays the vectors against every device library, then each of them against a real hub with faults in between, and judges them
// by the same checker: 0 lost, 0 doubled, 0 reordered, no command run twice. Says how long `send` takes at worst. With --built
// nothing is built first.

import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { HOLES, blackHole } from "./black-hole.js";
import { Clock } from "./clock.js";
import { keepsIdentity } from "./keeping.js";
import { LIBRARIES, ROOT } from "./libraries.js";
import { Trial } from "./trial.js";

const PARTS = ["vectors", "hole", "identity", "chaos"];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    built: { type: "boolean", default: false },
    library: { type: "string", multiple: true },
    rounds: { type: "string", default: "12" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const parts = positionals.length > 0 ? positionals : PARTS;
const wanted = values.library;
const libraries = LIBRARIES.filter(({ name }) => !wanted || wanted.includes(name));
const unknown = [
  ...parts.filter((part) => !PARTS.includes(part)),
  ...(wanted ?? []).filter((name) => !LIBRARIES.some((library) => library.name === name)),
];
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(", ")}; parts: ${PARTS.join(", ")}; libraries: ${LIBRARIES.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

let [passed, failed] = [0, 0];

/** @param {string} what @param {string[]} wrong @param {string} [figures] */
function verdict(what, wrong, figures = "") {
  if (wrong.length === 0) passed += 1;
  else failed += 1;
  console.log(`${wrong.length === 0 ? "ok    " : "FAILED"} ${what.padEnd(18)} ${figures}`);
  for (const sentence of wrong) console.log(`         ${sentence}`);
}

/** Runs a program; what is wrong with it. @param {string[]} words */
function wrongWith(words) {
  const [program, ...rest] = words;
  const { status, stdout, stderr, error } = spawnSync(/** @type {string} */ (program), rest, { cwd: ROOT, encoding: "utf8" });
  return status === 0 ? [] : [`${words.join(" ")}: ${error?.message ?? `exit code ${status}`}`, ...`${stdout}${stderr}`.split("\n").slice(-15)];
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). @param {number} seed */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

console.log(`seed ${values.seed}`);
if (parts.includes("chaos") && !Clock.isThere) console.log("clocks do not jump: libfaketime is not installed");
for (const library of libraries) {
  const broken = library.build && !values.built ? wrongWith(library.build) : [];
  if (broken.length > 0) {
    verdict(`${library.name} build`, broken);
    continue;
  }
  if (parts.includes("vectors")) verdict(`${library.name} vectors`, wrongWith(library.vectors));
  for (const kind of parts.includes("hole") ? HOLES : []) {
    for (const stored of [false, true].filter((stored) => library.stores || !stored)) {
      const { middle, rare, worst, itself, turn, accepted, dropped, queued } = await blackHole(library, kind, stored);
      const wrong = accepted === dropped + queued ? [] : [`${accepted} accepted, ${dropped} dropped and ${queued} queued`];
      const send = `send ${middle} µs, 1 of 1000 above ${rare} µs, worst ${worst} µs, ${itself} µs of it by itself`;
      const poll = turn === undefined ? "" : `; a turn at worst ${turn} µs`;
      const where = `${kind}, ${stored ? "stored" : "memory"}`;
      verdict(`${library.name} hole`, wrong, `${where}: ${send}${poll}; ${accepted} accepted, ${dropped} dropped`);
    }
  }
  if (parts.includes("identity") && library.stores) {
    verdict(`${library.name} identity`, await keepsIdentity(library).catch((error) => [String(error)]));
  }
  if (parts.includes("chaos")) {
    const trial = new Trial(library, random(Number(values.seed)));
    const wrong = await trial.run(Number(values.rounds)).catch((error) => [String(error)]);
    const { accepted, commands, begun, runs } = trial.sums;
    verdict(
      `${library.name} chaos`,
      wrong,
      `${accepted} accepted, ${begun} of ${commands} commands begun, ${runs} runs; ${JSON.stringify(trial.happened)}`,
    );
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
