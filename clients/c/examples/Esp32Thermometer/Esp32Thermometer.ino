// A thermometer with a fan on an ESP32, over Wi-Fi. The fan: pin 5.

#include <WiFi.h>

#include <GlasslineArduino.h>

WiFiClient client;
Glassline<1025, 512, 16384> device;
const glassline_channel CHANNELS[] = {{"temperature", "{\"unit\":\"\u00b0C\"}"}, {"fan", "{\"input\":\"switch\"}"}};

glassline_outcome onCommand(void *, uint16_t, const char *, char *value, char *answer, size_t bytes) {
  digitalWrite(5, glassline_is_true(value) ? HIGH : LOW);
  snprintf(answer, bytes, "%s", value);
  return GLASSLINE_DONE;
}

void setup() {
  pinMode(5, OUTPUT);
  WiFi.begin("NETWORK", "PASSWORD");
  // Client::connect() waits: an address needs no name server, and this is how long it may take.
  client.setTimeout(1000);
  device.settings.on_command = onCommand;
  device.begin(client, "192.168.1.10", 7070, "thermometer-1", "TOKEN");
  device.describe(CHANNELS);
}

void loop() {
  static uint32_t next = 0;
  if (WiFi.status() == WL_CONNECTED || device.connected()) device.loop();
  if (static_cast<int32_t>(millis() - next) < 0) return;
  next += 1000;
  device.send("temperature", 20 + analogRead(A0) / 400.0, 1);
}
