// A chart's values as a file: what a device is called can be no formula in somebody's spreadsheet.

import assert from "node:assert/strict";
import { test } from "node:test";
import { csv, fileName } from "glassline/export";
import { TEXTS } from "../../e2e/hostile.js";

const WINDOW = { from: 0, to: 10 };
const ROWS = /** @type {any} */ ({ ts: Float64Array.of(1), mean: Float64Array.of(-2.5), min: Float64Array.of(-2.5), max: Float64Array.of(-2.5), count: Float64Array.of(1) });

/** The fields of a line as RFC 4180 has them. @param {string} line */
function fields(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/gy)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain);
}

test("no name or unit is a formula, whatever a spreadsheet takes for the end of a field", () => {
  for (const text of [...TEXTS, ...["=", "+", "-", "@"].flatMap((sign) => [`${sign}1`, ` ${sign}1`, `"${sign}1`, `x;${sign}1`, `x\t${sign}1`, `x,${sign}1`, `x\n${sign}1`, `\u200b${sign}1`])]) {
    for (const channel of [{ name: text, unit: "" }, { name: text, unit: text }]) {
      const file = csv([{ ...channel, rows: ROWS }], WINDOW, []);
      const head = file.slice(0, file.indexOf("1970-"));
      for (const cell of head.split(/[,;|\t\r\n]/)) assert.doesNotMatch(cell, /^[\s"\p{Cf}]*[=+\-@＝＋－＠]/u, JSON.stringify(head));
      assert.equal(file.split("1970-01-01T00:00:00.001Z").length, 2);
      assert.match(file, /,-2\.5\r\n$/, "a number stays a number");
    }
  }
});

test("what is no formula stays as it is", () => {
  const file = csv([{ name: "wind, north", unit: "m/s", rows: ROWS }, { name: 'a "b"', unit: "°C", rows: ROWS }], WINDOW, []);
  const [head = ""] = file.split("\r\n");
  assert.deepEqual(fields(head), ["time", "wind, north [m/s]", 'a "b" [°C]']);
});

test("a file's name holds letters, digits and dashes, and no way into another folder", () => {
  for (const text of TEXTS) {
    const name = fileName([text, text], 0, "csv");
    assert.match(name, /^[\p{L}\p{N}._-]{0,50}-1970-01-01T000000\.csv$/u, JSON.stringify(name));
    assert.doesNotMatch(name, /^\.|\.\.|[/\\:]/u, JSON.stringify(name));
    assert.ok(Buffer.byteLength(name) <= 255);
  }
});
