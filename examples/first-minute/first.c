// cc -Iclients/c/posix -o first first.c clients/c/posix/glassline_posix.c clients/c/src/*.c && ./first
#include "glassline_posix.h"
static struct glassline device;
static char in[1024], out[512];
static uint8_t outbox[16384];
int main(void) {
    struct glassline_settings settings = {.id = "c-1", .token = "TOKEN", .heartbeat_seconds = 15, .in = in,
        .in_bytes = sizeof in, .out = out, .out_bytes = sizeof out, .outbox = outbox, .outbox_bytes = sizeof outbox};
    struct glassline_posix face;
    if (!glassline_begin(&device, &settings) || !glassline_posix_resolve(&face, "HOST", "PORT")) return 1;
    for (uint32_t at = glassline_posix_now();; at += 1000) {
        glassline_send_integer(&device, at, "level", (int32_t)(at / 1000 % 101));
        while ((int32_t)(glassline_posix_now() - at) < 1000) glassline_posix_turn(&face, &device, 100);
    }
}
