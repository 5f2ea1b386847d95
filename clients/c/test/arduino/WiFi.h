/* A network that is always there, and its client: a TCP socket. */
#ifndef WIFI_H
#define WIFI_H

#include <Client.h>

class WiFiClient : public Client {
 public:
  int connect(const char *host, uint16_t port) override;
  void stop() override;
  uint8_t connected() override;
  int available() override;
  int read() override;
  size_t write(const uint8_t *bytes, size_t count) override;

 private:
  int socket_ = -1;
};

enum { WL_CONNECTED = 3 };
struct Network {
  void begin(const char *, const char *) {}
  int status() { return WL_CONNECTED; }
};
extern Network WiFi;

#endif
