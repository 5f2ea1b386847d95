// Warnings and alarms: which limit a number is beyond, in words, and where the limits lie on a scale.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alarmText, beyond, limitsOf, zones } from "../alarm.js";

const BOILER = { warn_below: 10, warn_above: 60, alarm_above: 80 };

test("the gravest limit that a number is beyond is said in words, with its unit", () => {
  assert.equal(alarmText(beyond(81, BOILER), "°C"), "Alarm: above 80 °C");
  assert.equal(alarmText(beyond(61, BOILER), "°C"), "Warning: above 60 °C");
  assert.equal(alarmText(beyond(9.5, BOILER)), "Warning: below 10");
});

test("what is within, at a limit, or no number is no alarm", () => {
  for (const value of [10, 60, 35, "hot", true, null, undefined]) assert.equal(alarmText(beyond(value, BOILER)), "", String(value));
});

test("a view's limit comes before the device's, and what is no number is none", () => {
  assert.deepEqual(limitsOf({ warn_above: 5 }, { warn_above: 9, alarm_above: 12, warn_below: "low" }), { warn_above: 5, alarm_above: 12 });
});

test("on a scale warnings end where alarms begin", () => {
  assert.deepEqual(zones({ ...BOILER, alarm_below: 0 }, 0, 100).map(({ name, from, to }) => [name, from, to]), [
    ["warn_below", 0, 10],
    ["warn_above", 60, 80],
    ["alarm_above", 80, 100],
  ]);
});

test("limits beyond the ends of a scale stay within it", () => {
  assert.deepEqual(zones({ alarm_below: -40, warn_above: 500 }, 0, 100), []);
  assert.deepEqual(zones({ alarm_above: -5 }, 0, 100), [{ name: "alarm_above", level: "alarm", from: 0, to: 100 }]);
});
