// A thermometer with a fan: sends a temperature each second and obeys a switch.
//
//   node examples/thermometer.js tcp://127.0.0.1:7070 thermometer-1 JOIN-TOKEN
//
// With a folder as the fourth argument the outbox is kept there, and what is not taken over yet survives the program.

import { Device } from "glassline";

const [address = "tcp://127.0.0.1:7070", id = "thermometer-1", token = "", outbox] = process.argv.slice(2);
const device = new Device({ address, id, token, outbox });
let fan = false;
let temperature = 20;

device.describe({
  temperature: { unit: "°C", min: 0, max: 50, every: 1000 },
  fan: { input: "switch" },
});
device.onCommand("fan", (on) => {
  if (typeof on !== "boolean") throw new Error("the fan is switched by true or false");
  fan = on;
  return fan;
});
device.onConnected((resumed) => console.error(`connected${resumed ? " again" : ""}`));
device.onDisconnected((why) => console.error(`disconnected: ${why.words}`));
device.onToken((token) => console.error(`from now on its token is ${token}`));
device.connect();

setInterval(() => {
  temperature = Math.min(45, Math.max(5, temperature + (fan ? -0.4 : 0.2)));
  const accepted = device.send("temperature", Math.round(temperature * 10) / 10);
  console.log(`${temperature.toFixed(1)} °C, ${accepted ? "accepted" : "not accepted"}`);
}, 1000);
