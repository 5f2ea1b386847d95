/* As much of Arduino's core as a sketch of a few lines needs, over POSIX: sketches run in tests without a board (board.cpp). */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const uint8_t A0 = 14;

uint32_t millis();
uint32_t micros();
long random(long below);
void yield();
int analogRead(uint8_t pin);

class Stream {
 public:
  virtual ~Stream() {}
  virtual int available() = 0;
  virtual int read() = 0;
  virtual size_t write(const uint8_t *bytes, size_t count) = 0;
  virtual int availableForWrite() { return 0; }
  void setTimeout(unsigned long) {}
};

/* What the examples need besides: they are compiled, not run. */
static const uint8_t A1 = 15, LOW = 0, HIGH = 1, OUTPUT = 1;
void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t level);
void randomSeed(unsigned long seed);
class HardwareSerial : public Stream {
 public:
  void begin(unsigned long baud);
};
extern HardwareSerial &Serial;

void setup();
void loop();

#endif
