/* A thermometer with a fan: sends a temperature each second and obeys a switch.
 *
 *     thermometer 127.0.0.1 7070 thermometer-1 JOIN-TOKEN
 */
#include <stdio.h>

#include "glassline_posix.h"

static const struct glassline_channel CHANNELS[] = {
    {"temperature", "{\"unit\":\"°C\",\"min\":0,\"max\":50,\"every\":1000}"},
    {"fan", "{\"input\":\"switch\"}"},
};

static struct glassline device;
static char in[1024], out[512];
static uint8_t outbox[16384];
static bool fan;

static enum glassline_outcome on_command(void *context, uint16_t ticket, const char *channel, char *value, char *answer,
                                         size_t answer_bytes) {
    (void)context, (void)ticket, (void)channel;
    fan = glassline_is_true(value);
    snprintf(answer, answer_bytes, "%s", fan ? "true" : "false");
    return GLASSLINE_DONE;
}

static void on_connected(void *context, bool resumed) {
    (void)context;
    fprintf(stderr, "connected%s\n", resumed ? " again" : "");
}

static void on_disconnected(void *context, const char *reason) {
    (void)context;
    fprintf(stderr, "disconnected: %s\n", reason);
}

int main(int count, char **words) {
    if (count < 4) {
        fprintf(stderr, "thermometer HOST PORT ID [TOKEN]\n");
        return 2;
    }
    struct glassline_settings settings = {.id = words[3],
                                          .token = count > 4 ? words[4] : NULL,
                                          .heartbeat_seconds = 15,
                                          .random = glassline_posix_now(),
                                          .in = in,
                                          .in_bytes = sizeof in,
                                          .out = out,
                                          .out_bytes = sizeof out,
                                          .outbox = outbox,
                                          .outbox_bytes = sizeof outbox,
                                          .on_command = on_command,
                                          .on_connected = on_connected,
                                          .on_disconnected = on_disconnected};
    struct glassline_posix face;
    if (!glassline_begin(&device, &settings) || !glassline_posix_resolve(&face, words[1], words[2])) return 1;
    glassline_describe(&device, CHANNELS, 2);
    int32_t tenths = 200;
    for (uint32_t next = glassline_posix_now();;) {
        uint32_t now = glassline_posix_now();
        if ((int32_t)(now - next) >= 0) {
            next += 1000;
            tenths += fan ? -4 : 2;
            if (tenths > 450) tenths = 450;
            if (tenths < 50) tenths = 50;
            bool accepted = glassline_send_decimal(&device, now, "temperature", tenths, 1);
            printf("%d.%d °C, %s\n", (int)(tenths / 10), (int)(tenths % 10), accepted ? "accepted" : "not accepted");
            fflush(stdout);
        }
        glassline_posix_turn(&face, &device, 100);
    }
}
