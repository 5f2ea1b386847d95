/* Glassline for Arduino: the device of glassline.h over a Stream (a serial line) or a Client (Wi-Fi, Ethernet). loop() does at most
 * one bounded piece of work. Call it often. */
#ifndef GLASSLINE_ARDUINO_H
#define GLASSLINE_ARDUINO_H

#include <Arduino.h>
#include <Client.h>

#include "glassline.h"

/* Buffers of so many bytes: the longest line that is read, the longest that is said, and the outbox. */
template <size_t IN_BYTES = 257, size_t OUT_BYTES = 256, size_t OUTBOX_BYTES = 512>
class Glassline {
 public:
  /* Bytes that one loop() reads at most. */
  static const uint8_t READ_BYTES_MAX = 64;

  Glassline() { memset(&settings, 0, sizeof settings); }

  /* Over a serial line that is open: with checksums, since bytes may be lost. False: a buffer is too small, or the id is none. */
  bool begin(Stream &stream, const char *id, const char *token = NULL) {
    stream_ = &stream;
    client_ = NULL;
    settings.serial = settings.checksum = true;
    return begin_(id, token);
  }

  /* Over a network: `host` and `port` are connected to whenever need be. Client::connect() waits as long as its class does: give it an
   * address instead of a name, and a short timeout. */
  bool begin(Client &client, const char *host, uint16_t port, const char *id, const char *token = NULL) {
    stream_ = &client;
    client_ = &client;
    host_ = host;
    port_ = port;
    return begin_(id, token);
  }

  void loop() {
    uint32_t now = millis();
    switch (glassline_wish(&device, now)) {
      case GLASSLINE_CONNECT: connect_(now); break;
      case GLASSLINE_DROP: disconnect_(now); break;
      case GLASSLINE_OVER: if (client_ != NULL) client_->stop(); break;
      case GLASSLINE_WAIT: break;
      case GLASSLINE_TALK: talk_(now); break;
    }
  }

  bool send(const char *channel, bool value) { return glassline_send_bool(&device, millis(), channel, value); }
  bool send(const char *channel, int value) { return glassline_send_integer(&device, millis(), channel, value); }
  bool send(const char *channel, long value) { return glassline_send_integer(&device, millis(), channel, value); }
  bool send(const char *channel, double value, uint8_t decimals = 2) {
    return glassline_send_float(&device, millis(), channel, static_cast<float>(value), decimals);
  }
  bool send(const char *channel, const char *text) { return glassline_send_text(&device, millis(), channel, text); }
  bool sendJson(const char *channel, const char *json) { return glassline_send(&device, millis(), channel, json); }

  /* Values taken at the same time, as one message. */
  template <uint8_t COUNT>
  bool sendMany(const glassline_value (&values)[COUNT]) { return glassline_send_many(&device, millis(), 0, values, COUNT); }

  template <uint8_t COUNT>
  bool describe(const glassline_channel (&channels)[COUNT]) { return glassline_describe(&device, channels, COUNT); }

  /* Waits until the hub has everything, for at most so many milliseconds. Whether it has. */
  bool flush(uint32_t patience) {
    for (uint32_t begun = millis(); !glassline_is_drained(&device) && millis() - begun < patience; yield()) loop();
    return glassline_is_drained(&device);
  }

  bool connected() const { return glassline_is_connected(&device); }
  uint16_t queued() const { return glassline_queued(&device); }
  uint32_t dropped() const { return static_cast<uint32_t>(glassline_dropped(&device)); }
  const char *session() const { return glassline_session(&device); }

  /* Change it before begin(): handlers, heartbeat_seconds. */
  glassline_settings settings;
  glassline device;

 private:
  bool begin_(const char *id, const char *token) {
    settings.id = id;
    settings.token = token;
    if (settings.heartbeat_seconds == 0) settings.heartbeat_seconds = 15;
    settings.random = static_cast<uint32_t>(micros()) * UINT32_C(2654435761) + static_cast<uint32_t>(random(0x7fffffff));
    settings.in = in_;
    settings.in_bytes = IN_BYTES;
    settings.out = out_;
    settings.out_bytes = OUT_BYTES;
    settings.outbox = outbox_;
    settings.outbox_bytes = OUTBOX_BYTES;
    return glassline_begin(&device, &settings);
  }

  void connect_(uint32_t now) {
    if (client_ == NULL || client_->connect(host_, port_)) glassline_connected(&device, now);
    else glassline_disconnected(&device, millis());
  }

  void disconnect_(uint32_t now) {
    if (client_ != NULL) client_->stop();
    glassline_disconnected(&device, now);
  }

  void talk_(uint32_t now) {
    if (client_ != NULL && !client_->connected() && client_->available() == 0) return disconnect_(now);
    /* Up to the end of one line. */
    for (uint8_t left = READ_BYTES_MAX; left > 0 && stream_->available() > 0; left--) {
      char byte = static_cast<char>(stream_->read());
      glassline_input(&device, now, &byte, 1);
      if (byte == '\n') break;
    }
    glassline_poll(&device, now);
    size_t count;
    const char *bytes = glassline_output(&device, &count);
    /* A serial line says how much it takes without waiting; a network's class takes what there is, or has a timeout. */
    size_t room = client_ != NULL ? count : static_cast<size_t>(stream_->availableForWrite());
    if (room > count) room = count;
    if (room > 0) glassline_written(&device, stream_->write(reinterpret_cast<const uint8_t *>(bytes), room));
  }

  Stream *stream_ = NULL;
  Client *client_ = NULL;
  const char *host_ = NULL;
  uint16_t port_ = 0;
  char in_[IN_BYTES];
  char out_[OUT_BYTES];
  uint8_t outbox_[OUTBOX_BYTES];
};

#endif
