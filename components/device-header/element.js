import { age, clock, Component, duration, exactTime, number } from "glassline";

/** @type {Record<string, string>} */
const WORDS = { online: "Online", offline: "Offline", unreachable: "Unreachable", unknown: "Unknown" };

export default class DeviceHeader extends Component {
  /** Every second, and with everything that happens to the device. */
  changed() {
    const device = this.deviceState;
    if (!device) return;
    const now = clock.now();
    const word = WORDS[device.presence];
    this.#write("presence-text", word);
    this.#write("name", device.name);
    this.#write("since-word", `${word} for`);
    this.#time("since", device.since, device.since === undefined ? "–" : duration(now - device.since));
    this.#time("heard", device.heard, device.heard === undefined ? "–" : age(device.heard, now));
    if (device.counts.received !== undefined) this.#write("received", number(device.counts.received, 0));
    if (device.counts.gaps !== undefined) this.#write("gaps", number(device.counts.gaps, 0));
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
