/* What a device says next (D1, D5, D6, D7, D8). */
#include "glassline_session.h"

#include <string.h>

#include "glassline_outbox.h"

#define WELCOME_MS_MAX 35000U
#define WELCOME_SERIAL_MS_MAX 5000U

/* Bytes of ` *7a8e38da` and of the end of a line. */
#define SEAL_BYTES 10
#define END_BYTES 1

void glassline_line_begin(struct glassline *device, struct glassline_line *line) {
    size_t behind = END_BYTES + (device->settings.checksum ? (size_t)SEAL_BYTES : 0);
    size_t free = device->settings.out_bytes - device->out_to;
    line->room = device->settings.out + device->out_to;
    line->bytes = line->at = 0;
    line->size = free > behind ? free - behind : 0;
    line->ring = SIZE_MAX;
    line->overflows = false;
}

bool glassline_line_end(struct glassline *device, struct glassline_line *line) {
    if (line->overflows || device->settings.out_bytes == device->out_to) return false;
    line->size = device->settings.out_bytes - device->out_to;
    if (device->settings.checksum && line->bytes > 0) glassline_put_checksum(line);
    glassline_put(line, '\n');
    device->out_to += line->bytes;
    /* What is said puts off the heartbeat. */
    device->wants = (uint8_t)(device->wants & ~WANTS_HEARTBEAT);
    if (device->phase == TALKING && device->settings.heartbeat_seconds > 0) {
        glassline_set_due(device, HEARTBEAT, device->heartbeat_ms);
    }
    return true;
}

static void put_member(struct glassline_line *line, const char *name, glassline_count number) {
    glassline_put_text(line, name);
    glassline_put_count(line, number);
}

void glassline_put_identify(const struct glassline *device, struct glassline_line *line) {
    glassline_put_text(line, GLASSLINE_TEXT("{\"identify\":"));
    glassline_put_quoted(line, device->id, SIZE_MAX);
    if (device->token[0] != '\0') {
        glassline_put_text(line, GLASSLINE_TEXT(",\"token\":"));
        glassline_put_quoted(line, device->token, SIZE_MAX);
    }
    put_member(line, GLASSLINE_TEXT(",\"nonce\":"), device->nonce);
    if (device->session[0] != '\0') {
        glassline_put_text(line, GLASSLINE_TEXT(",\"session\":"));
        glassline_put_quoted(line, device->session, SIZE_MAX);
        put_member(line, GLASSLINE_TEXT(",\"oldest\":"), device->oldest);
    }
    if ((device->flags & IS_BOOT) != 0) glassline_put_text(line, GLASSLINE_TEXT(",\"boot\":true"));
    if (device->command[0] != '\0') {
        glassline_put_text(line, GLASSLINE_TEXT(",\"handled\":"));
        glassline_put_copy(line, device->command);
    }
    if (device->settings.heartbeat_seconds > 0) {
        put_member(line, GLASSLINE_TEXT(",\"heartbeat\":"), device->settings.heartbeat_seconds);
    }
    put_member(line, GLASSLINE_TEXT(",\"line_max\":"), device->settings.in_bytes - 1);
    if (device->held > 0) put_member(line, GLASSLINE_TEXT(",\"outbox\":"), device->held);
    glassline_put(line, '}');
}

static bool say_identify(struct glassline *device) {
    struct glassline_line line;
    glassline_line_begin(device, &line);
    glassline_put_identify(device, &line);
    if (!glassline_line_end(device, &line)) return false;
    device->wants = 0;
    /* What it no longer holds the hub side may take as a gap, and ack (H3). */
    if (device->said_max < device->oldest - 1) device->said_max = device->oldest - 1;
    glassline_set_due(device, WELCOME, (device->settings.serial ? WELCOME_SERIAL_MS_MAX : WELCOME_MS_MAX));
    return true;
}

static bool say_channel(struct glassline *device) {
    const struct glassline_channel *channel = &device->channels[device->channels_said];
    struct glassline_line line;
    glassline_line_begin(device, &line);
    glassline_put_text(&line, GLASSLINE_TEXT("{\"describe\":{"));
    glassline_put_quoted(&line, channel->name, SIZE_MAX);
    glassline_put(&line, ':');
    glassline_put_copy(&line, channel->json);
    glassline_put_text(&line, GLASSLINE_TEXT("}}"));
    if (!glassline_line_end(device, &line)) return false;
    device->channels_said++;
    return true;
}

static bool say_result(struct glassline *device) {
    struct glassline_line line;
    glassline_line_begin(device, &line);
    glassline_put_text(&line, GLASSLINE_TEXT("{\"result\":"));
    glassline_put_copy(&line, device->command);
    glassline_put_text(&line, GLASSLINE_TEXT(",\"ok\":"));
    glassline_put_text(&line, (device->flags & IS_OK) != 0 ? GLASSLINE_TEXT("true") : GLASSLINE_TEXT("false"));
    glassline_put_copy(&line, device->answer);
    glassline_put(&line, '}');
    if (!glassline_line_end(device, &line)) return false;
    device->wants = (uint8_t)(device->wants & ~WANTS_RESULT);
    return true;
}

static bool say_skip(struct glassline *device) {
    struct glassline_line line;
    glassline_line_begin(device, &line);
    put_member(&line, GLASSLINE_TEXT("{\"skip\":"), device->oldest - 1);
    glassline_put_text(&line, GLASSLINE_TEXT(",\"reason\":\""));
    bool dropped = (device->flags & IS_DROPPED) != 0;
    glassline_put_text(&line, dropped ? GLASSLINE_TEXT("overflow\"}") : GLASSLINE_TEXT("lost\"}"));
    if (!glassline_line_end(device, &line)) return false;
    device->flags |= IS_LOSS_SAID;
    return true;
}

/* The hub side's clock, as it was when this device's own said `now`: before the last welcome or after it. */
static struct glassline_time wall_at(const struct glassline *device, uint32_t now) {
    struct glassline_time wall = device->wall;
    uint32_t apart = now - device->wall_now;
    bool before = (int32_t)apart < 0;
    if (before) apart = 0U - apart;
    /* At most some thousand times: that is less than what a division takes on a small machine. */
    for (; apart >= 1000000U; apart -= 1000000U) wall.high += before ? UINT32_MAX : 1U;
    if (before) {
        wall.high--;
        apart = 1000000U - apart;
    }
    wall.low += apart;
    if (wall.low >= 1000000U) {
        wall.low -= 1000000U;
        wall.high++;
    }
    return wall;
}

/* A message has one time for ever: the first one that it is said with. */
static void put_time(struct glassline *device, struct glassline_line *line, struct glassline_taken *taken) {
    if (!taken->is_wall) {
        if (device->settings.timeless) return;
        taken->time = wall_at(device, taken->time.low);
        taken->is_wall = true;
        glassline_outbox_note(device, taken);
    }
    glassline_put_text(line, GLASSLINE_TEXT(",\"ts\":"));
    glassline_put_time(line, taken->time);
}

static bool say_message(struct glassline *device, bool with_depth) {
    struct glassline_taken taken;
    struct glassline_line line;
    glassline_line_begin(device, &line);
    put_member(&line, GLASSLINE_TEXT("{\"seq\":"), device->oldest + device->said);
    glassline_put(&line, ',');
    glassline_outbox_find(device, device->said, &taken);
    glassline_outbox_copy(device, &line);
    put_time(device, &line, &taken);
    if (with_depth) put_member(&line, GLASSLINE_TEXT(",\"outbox\":"), device->held);
    glassline_put(&line, '}');
    if (!glassline_line_end(device, &line)) return false;
    device->said++;
    return true;
}

/* A message, or that what was to stand there is lost. */
static bool say_next(struct glassline *device) {
    bool said = false;
    if ((device->flags & IS_LOSS_SAID) == 0) {
        said = say_skip(device);
    } else if (device->said < device->held) {
        bool behind = device->held > device->window;
        said = say_message(device, behind) || (behind && say_message(device, false));
    }
    glassline_count last = device->oldest + device->said - 1;
    if (said && device->said_max < last) device->said_max = last;
    return said;
}

/* Messages, or the loss of some, said and not acked. */
static uint16_t in_flight(const struct glassline *device) {
    return (uint16_t)(device->said + (device->lost > 0 && (device->flags & IS_LOSS_SAID) != 0 ? 1 : 0));
}

static bool say_probe(struct glassline *device) {
    uint16_t said = device->said;
    bool was_said = (device->flags & IS_LOSS_SAID) != 0;
    glassline_outbox_go_back(device);
    bool probed = say_next(device);
    if (device->said < said) device->said = said;
    if (was_said) device->flags |= IS_LOSS_SAID;
    device->wants = (uint8_t)(device->wants & ~WANTS_PROBE);
    return probed;
}

static bool say_heartbeat(struct glassline *device) {
    struct glassline_line line;
    glassline_line_begin(device, &line);
    return glassline_line_end(device, &line);
}

bool glassline_say(struct glassline *device) {
    if (device->phase == ASKING) return (device->wants & WANTS_IDENTIFY) != 0 && say_identify(device);
    if (device->phase != TALKING) return false;
    if (device->channels_said < device->channels_count) return say_channel(device);
    if ((device->wants & WANTS_RESULT) != 0) return say_result(device);
    if (device->window > in_flight(device) && say_next(device)) return true;
    if ((device->wants & WANTS_PROBE) != 0) return say_probe(device);
    return (device->wants & WANTS_HEARTBEAT) != 0 && say_heartbeat(device);
}
