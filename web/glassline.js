/**
 * What the author of a component imports from "glassline".
 *
 *     import { Component } from "glassline";
 *     export default class extends Component {
 *       receive(sample) { this.part("value").textContent = sample.value; }
 *     }
 */
export { Component } from "glassline/component";
export { AlarmSign, alarmText, beyond, hasLimits, limitsOf, zones } from "glassline/alarm";
export { age, clock, duration } from "glassline/age";
export { at } from "glassline/base-path";
export { cut, decimals, exactTime, humanize, number, shortTime, text, wholeText } from "glassline/format";
export { fetchHistory } from "glassline/history";
export { showLabels } from "glassline/labels";
export { bands, endOf, label as lossLabel, words as lossWords } from "glassline/losses";
export { panel } from "glassline/panel";
export { Reading } from "glassline/reading";
export { Spark } from "glassline/spark";
export { Trace } from "glassline/trace";
