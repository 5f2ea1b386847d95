/* The board: calls setup() and then loop(), again and again, as Arduino does. */
#include <WiFi.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Between two calls of loop(), so that a sketch does not take a processor for itself. */
static const int PAUSE_MS = 1;

Network WiFi;

uint32_t micros() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint32_t>(now.tv_sec * 1000000ULL + static_cast<uint64_t>(now.tv_nsec) / 1000);
}

uint32_t millis() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint32_t>(now.tv_sec * 1000ULL + static_cast<uint64_t>(now.tv_nsec) / 1000000);
}

long random(long below) { return ::rand() % below; }

/* A light that changes. */
int analogRead(uint8_t) { return static_cast<int>(millis() / 7 % 4096); }

/* Nobody else wants the processor. */
void yield() {}

int WiFiClient::connect(const char *host, uint16_t port) {
  stop();
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) return 0;
  socket_ = socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(socket_, reinterpret_cast<struct sockaddr *>(&address), sizeof address) == 0) return 1;
  stop();
  return 0;
}

void WiFiClient::stop() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

uint8_t WiFiClient::connected() {
  char byte;
  return socket_ >= 0 && recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

int WiFiClient::available() {
  int count = 0;
  return socket_ >= 0 && ioctl(socket_, FIONREAD, &count) == 0 ? count : 0;
}

int WiFiClient::read() {
  unsigned char byte;
  return socket_ >= 0 && recv(socket_, &byte, 1, MSG_DONTWAIT) == 1 ? byte : -1;
}

size_t WiFiClient::write(const uint8_t *bytes, size_t count) {
  ssize_t written = socket_ >= 0 ? ::send(socket_, bytes, count, MSG_NOSIGNAL) : -1;
  return written > 0 ? static_cast<size_t>(written) : 0;
}

int main() {
  setup();
  for (;;) {
    loop();
    poll(NULL, 0, PAUSE_MS);
  }
}
