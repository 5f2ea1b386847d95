// A plain device on any board with an Arduino network client (here: an ESP32): a light sensor and a LED to switch.
//
// It gives line_max, so every line to it is written without spaces, begins with its kind key and fits in LINE_MAX bytes.
// It gives heartbeat, so the hub notices when it falls silent; in return it says something at least that often.
// TOKEN is the device's own, from `POST /api/devices`: a join token is good for one run of the hub only.

#include <WiFi.h>

const char *NETWORK = "network", *PASSWORD = "password", *HUB = "192.168.0.10";
const int PORT = 7070, LINE_MAX = 256;
const unsigned long WAIT_MIN = 1000, WAIT_MAX = 30000, EVERY = 1000, SILENCE = 30000;  // milliseconds

WiFiClient hub;
char line[LINE_MAX + 1];
int length = 0;
unsigned long sampled = 0, heard = 0, began = 0, wait = WAIT_MIN;

void setup() {
  pinMode(LED_BUILTIN, OUTPUT);
  WiFi.begin(NETWORK, PASSWORD);
}

void connect() {
  delay(random(wait));  // a random time that grows, so that many devices do not come back at once
  wait = min(wait * 2, WAIT_MAX);
  length = 0;
  if (!hub.connect(HUB, PORT)) return;
  began = heard = millis();
  hub.print(F("{\"identify\":\"window-1\",\"token\":\"TOKEN\",\"heartbeat\":15,\"line_max\":256}\n"));
  hub.print(F("{\"describe\":{\"light\":{\"min\":0,\"max\":4095},\"led\":{\"input\":\"switch\"}}}\n"));
}

void obey() {
  long number;
  if (sscanf(line, "{\"command\":%ld,", &number) != 1) return;  // a welcome, an error, a heartbeat
  digitalWrite(LED_BUILTIN, strstr(line, "\"value\":true") != NULL);
  hub.print(F("{\"result\":"));
  hub.print(number);
  hub.print(F(",\"ok\":true}\n"));
}

void loop() {
  if (!hub.connected()) return connect();
  if (millis() - heard > SILENCE) return hub.stop();
  if (millis() - began > 60000) wait = WAIT_MIN;
  while (hub.available()) {
    char byte = hub.read();
    heard = millis();
    if (byte == '\n') {
      line[length] = 0;
      obey();
      length = 0;
    } else if (length < LINE_MAX) {
      line[length++] = byte;
    }
  }
  if (millis() - sampled >= EVERY) {
    sampled = millis();
    hub.print(F("{\"light\":"));
    hub.print(analogRead(A0));
    hub.print(F("}\n"));
  }
}
