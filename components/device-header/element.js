import { age, at, clock, Component, duration, exactTime, number, panel, shortTime, showLabels } from "glassline";
import { say } from "glassline/words";

/** @typedef {import("glassline/watch").DeviceState} DeviceState */

export default class DeviceHeader extends Component {
  /** @type {import("glassline/device-dialog").DeviceDialog | undefined} */
  #dialog;

  connected() {
    this.part("edit").addEventListener("click", () => this.#edit());
  }

  /** The dialog is loaded when it is wanted. */
  async #edit() {
    const { DeviceDialog } = await import("glassline/device-dialog");
    const device = this.deviceState;
    this.#dialog ??= new DeviceDialog(this, () => location.assign(at("/")));
    if (device) this.#dialog.open({ id: device.id, name: device.name, labels: device.labels });
  }

  /** Every second, and with everything that happens to the device. */
  changed() {
    const device = this.deviceState;
    if (!device) return;
    this.part("edit").hidden = !panel.may("admin") || !device.known;
    this.#write("name", device.name);
    this.#showTitle(device.name);
    this.#write("id", device.name === device.id ? "" : device.id);
    this.part("via").hidden = !device.gateway;
    this.#write("via", device.gateway ? say("gateways.via", { gateway: device.gateway }) : "");
    showLabels(this.part("labels"), device.labels);
    this.#showPresence(device);
    this.#time("heard", device.heard, device.heard === undefined ? say("value.none") : age(device.heard, clock.now()));
    if (device.counts.received !== undefined) this.#write("received", number(device.counts.received, 0));
    if (device.counts.gaps !== undefined) this.#write("gaps", number(device.counts.gaps, 0));
    if (device.channels.size > 0) this.part("next").hidden = true;
    this.part("contested").hidden = device.contested === undefined;
    if (device.contested !== undefined) {
      const since = say("device.contested.since", { time: shortTime(device.contested, clock.now()) });
      this.#write("contested-text", say("device.contested", { since }));
    }
  }

  /** Whether it is there and since when; while this page does not hear the hub, how it was. @param {DeviceState} device */
  #showPresence(device) {
    const wasHere = device.presence !== "offline" || device.heard !== undefined;
    const word = wasHere ? say(`presence.${device.presence}`) : say("device.never");
    this.#write("presence-text", panel.hears ? word : say("presence.unknown"));
    const since = panel.hears ? say("device.for", { presence: word }) : say("device.was-for", { presence: word.toLowerCase() });
    this.#write("since-word", since);
    this.#time("since", device.since, device.since === undefined ? say("value.none") : duration(panel.knownUntil - device.since));
    for (const box of ["since-box", "heard-box"]) this.part(box).hidden = !wasHere;
  }

  /** On the device's own page its name is the title of the page. @param {string} name */
  #showTitle(name) {
    const title = this.closest("main[data-auto]")?.querySelector(".title");
    if (!title || title.textContent === name) return;
    document.title = document.title.replace(title.textContent ?? "", name);
    title.textContent = name;
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
