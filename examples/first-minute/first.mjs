// node first.mjs
import { Device } from "./clients/js/src/node.js";

const device = new Device({ address: "tcp://HOST:PORT", id: "javascript-1", token: "TOKEN" });
device.describe({ level: { unit: "%", min: 0, max: 100 }, lamp: { input: "switch" } });
device.onCommand("lamp", (on) => on); // the result; an exception would be the reason why not
device.connect();

let level = 0;
setInterval(() => device.send("level", (level = (level + 7) % 101)), 1000);
