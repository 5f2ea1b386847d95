// A thermometer with a fan on an Uno, over its serial line: a gateway at the other end hands the lines on. Temperature: an LM35 on A0.
// The fan: pin 9.

#include <GlasslineArduino.h>

Glassline<257, 200, 300> device;
const glassline_channel CHANNELS[] = {{"temperature", "{\"unit\":\"\u00b0C\"}"}, {"fan", "{\"input\":\"switch\"}"}};

glassline_outcome onCommand(void *, uint16_t, const char *, char *value, char *, size_t) {
  digitalWrite(9, glassline_is_true(value) ? HIGH : LOW);
  return GLASSLINE_DONE;
}

void setup() {
  pinMode(9, OUTPUT);
  Serial.begin(115200);
  randomSeed(analogRead(A1));
  device.settings.on_command = onCommand;
  device.begin(Serial, "uno-1", "TOKEN");
  device.describe(CHANNELS);
}

void loop() {
  static uint32_t next = 0;
  device.loop();
  if (static_cast<int32_t>(millis() - next) < 0) return;
  next += 1000;
  device.send("temperature", analogRead(A0) * 500.0 / 1024, 1);
}
