/* Whatever the hub side says and the program does: nothing is read or written where it must not be, the books balance, and every line
 * that is said is one JSON object. */
#include <stdlib.h>
#include <string.h>

#include "../src/glassline.h"
#include "../src/glassline_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct glassline device;
static char in[300], out[260];
static uint8_t outbox[160];

static void insist(bool it) {
    if (!it) abort();
}

static enum glassline_outcome on_command(void *context, uint16_t ticket, const char *channel, char *value, char *answer, size_t bytes) {
    int32_t number;
    char *text;
    (void)context, (void)ticket;
    insist(strlen(channel) < sizeof in && bytes > 40);
    if (glassline_to_integer(value, &number)) return number > 0 ? GLASSLINE_LATER : GLASSLINE_FAILED;
    if (strlen(value) < bytes) strcpy(answer, value);
    if (glassline_to_text(value, &text)) insist(strlen(text) < sizeof in);
    return GLASSLINE_DONE;
}

static void check(void) {
    insist(glassline_accepted(&device) == glassline_acked(&device) + glassline_dropped(&device) + glassline_queued(&device));
    size_t count;
    const char *lines = glassline_output(&device, &count);
    insist(count <= sizeof out);
    /* The beginning of what is half written is gone. */
    const char *whole = lines > out ? memchr(lines, '\n', count) : NULL;
    if (whole != NULL) {
        count -= (size_t)(whole - lines) + 1;
        lines = whole + 1;
    } else if (lines > out) {
        return;
    }
    for (const char *end; count > 0 && (end = memchr(lines, '\n', count)) != NULL; lines = end + 1) {
        insist(end == lines || (*lines == '{' && glassline_json_value(lines, end, 16) == end));
        count -= (size_t)(end - lines) + 1;
    }
}

static void act(uint8_t what, uint32_t now, const char *text) {
    const struct glassline_value values[] = {{"a", text}, {"b", "1"}};
    size_t count;
    switch (what) {
    case 1: glassline_send(&device, now, "t", text); break;
    case 2: glassline_send_text(&device, now, text, text); break;
    case 3: glassline_send_many(&device, now, now, values, 2); break;
    case 4: glassline_send_decimal(&device, now, "d", (int32_t)(now * 2654435761U), (uint8_t)(now % 12)); break;
    case 5: glassline_disconnected(&device, now); break;
    case 6: glassline_answer(&device, device.ticket, (now & 1) != 0, text); break;
    case 7: glassline_send_unnumbered(&device, now, "u", text); break;
    case 8: glassline_output(&device, &count), glassline_written(&device, count / 2); break;
    default: break;
    }
}

/* A byte below 16 does something; others are what the hub side says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct glassline_settings settings = {0};
    uint32_t now = 0;
    char text[48] = "1";
    settings.id = "a";
    settings.heartbeat_seconds = 1;
    settings.serial = size > 0 && (data[0] & 1) != 0;
    settings.random = 1;
    settings.in = in, settings.in_bytes = sizeof in;
    settings.out = out, settings.out_bytes = sizeof out;
    settings.outbox = outbox, settings.outbox_bytes = sizeof outbox;
    settings.on_command = on_command;
    insist(glassline_begin(&device, &settings));
    for (size_t at = 0; at < size; at++) {
        if (data[at] < 16 && data[at] != '\n') {
            size_t length = size - at - 1 < sizeof text - 1 ? size - at - 1 : sizeof text - 1;
            memcpy(text, data + at + 1, length);
            text[length] = '\0';
            act(data[at], now, text);
            now += 1U << data[at];
        } else {
            glassline_input(&device, now, (const char *)data + at, 1);
        }
        enum glassline_wish wish = glassline_wish(&device, now);
        if (wish == GLASSLINE_CONNECT) glassline_connected(&device, now);
        if (wish == GLASSLINE_DROP) glassline_disconnected(&device, now);
        if (glassline_poll(&device, now)) check();
        size_t count;
        glassline_output(&device, &count);
        if (data[at] == '\n') glassline_written(&device, count);
    }
    check();
    return 0;
}
