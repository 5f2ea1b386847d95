import { age, clock, Component, duration, exactTime, number, panel, shortTime } from "glassline";

/** @typedef {import("glassline/watch").DeviceState} DeviceState */

/** @type {Record<string, string>} */
const WORDS = { online: "Online", offline: "Offline", unreachable: "Unreachable", unknown: "Unknown" };

export default class DeviceHeader extends Component {
  /** Every second, and with everything that happens to the device. */
  changed() {
    const device = this.deviceState;
    if (!device) return;
    this.#write("name", device.name);
    this.#showPresence(device);
    this.#time("heard", device.heard, device.heard === undefined ? "–" : age(device.heard, clock.now()));
    if (device.counts.received !== undefined) this.#write("received", number(device.counts.received, 0));
    if (device.counts.gaps !== undefined) this.#write("gaps", number(device.counts.gaps, 0));
    if (device.channels.size > 0) this.part("next").hidden = true;
    this.part("contested").hidden = device.contested === undefined;
    if (device.contested !== undefined) {
      const since = shortTime(device.contested, clock.now());
      this.#write("contested-text", `More than one device uses this id since ${since}: they take each other's place. Give each an id and a token of its own.`);
    }
  }

  /** Whether it is there and since when; while this page does not hear the hub, how it was. @param {DeviceState} device */
  #showPresence(device) {
    const wasHere = device.presence !== "offline" || device.heard !== undefined;
    const word = wasHere ? WORDS[device.presence] : "Never connected";
    this.#write("presence-text", panel.hears ? word : "Not known");
    this.#write("since-word", panel.hears ? `${word} for` : `Was ${word.toLowerCase()} for`);
    this.#time("since", device.since, device.since === undefined ? "–" : duration(panel.knownUntil - device.since));
    for (const box of ["since-box", "heard-box"]) this.part(box).hidden = !wasHere;
  }

  /** @param {string} part @param {number | undefined} ts @param {string} content */
  #time(part, ts, content) {
    this.#write(part, content);
    const title = ts === undefined ? "" : exactTime(ts);
    if (this.part(part).title !== title) this.part(part).title = title;
  }

  /** @param {string} part @param {string} content */
  #write(part, content) {
    const found = this.part(part);
    if (found.textContent !== content) found.textContent = content;
  }
}
