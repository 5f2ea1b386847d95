// Arduino, here an ESP32: put clients/c of Glassline into the folder "libraries" of your sketches.
#include <WiFi.h>
#include <GlasslineArduino.h>
WiFiClient client;
Glassline<> device;
void setup() {
  WiFi.begin("NETWORK", "PASSWORD");
  client.setTimeout(1000);  // ms: so long a connection may take to be made
  device.begin(client, "HOST", PORT, "arduino-1", "TOKEN");
}
void loop() {
  static unsigned long sent = 0;
  device.loop();
  if (millis() - sent >= 1000 && device.send("light", analogRead(A0))) sent = millis();
}
