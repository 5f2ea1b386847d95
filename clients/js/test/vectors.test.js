// The vectors of spec/vectors, played against the core. New files are found by themselves.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { play } from "./film/film.js";

const folder = join(import.meta.dirname, "../../../spec/vectors");
const names = fs.readdirSync(folder).filter((name) => name.endsWith(".txt"));

test("the vectors are there", () => assert.ok(names.length >= 45, `${names.length} in ${folder}`));

for (const name of names) {
  test(`vector ${name.replace(".txt", "")}`, () => play(fs.readFileSync(join(folder, name), "utf8")));
}
