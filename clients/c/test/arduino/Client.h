/* What Arduino's classes of a network have in common. */
#ifndef CLIENT_H
#define CLIENT_H

#include <Arduino.h>

class Client : public Stream {
 public:
  virtual int connect(const char *host, uint16_t port) = 0;
  virtual void stop() = 0;
  virtual uint8_t connected() = 0;
};

#endif
