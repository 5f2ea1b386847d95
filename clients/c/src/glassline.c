/* A device's connections: when there is to be one, when it is over, and what falls due in it (D1, D6, D7, D9). */
#include "glassline.h"

#include <string.h>

#include "glassline_outbox.h"
#include "glassline_session.h"

#define WELCOME_MS_MAX 35000U
#define PROGRESS_MS_MIN 5000U
#define RECONNECT_FIRST_MS 500U
#define RECONNECT_MS_MAX 30000U
#define HEALTHY_MS 60000U

static bool is_due(uint32_t at, uint32_t now) { return (int32_t)(now - at) >= 0; }

void glassline_set_due(struct glassline *device, uint8_t timer, uint32_t after) {
    device->due[timer] = device->now + after;
    device->due_set = (uint8_t)(device->due_set | 1U << timer);
}

void glassline_stop(struct glassline *device, uint8_t timer) { device->due_set = (uint8_t)(device->due_set & ~(1U << timer)); }

static bool is_set(const struct glassline *device, uint8_t timer) { return (device->due_set & 1U << timer) != 0; }

static bool take_due(struct glassline *device, uint8_t timer) {
    if (!is_set(device, timer) || !is_due(device->due[timer], device->now)) return false;
    glassline_stop(device, timer);
    return true;
}

static bool is_id(const char *id) {
    size_t length = strlen(id);
    for (const char *at = id; *at != '\0'; at++) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (!letter && !(*at >= '0' && *at <= '9') && *at != '_' && *at != '-') return false;
    }
    return length <= GLASSLINE_ID_CHARS_MAX;
}

bool glassline_begin(struct glassline *device, const struct glassline_settings *settings) {
    memset(device, 0, sizeof *device);
    device->settings = *settings;
    device->oldest = 1;
    device->nonce = device->random = settings->random != 0 ? settings->random : 1;
    device->flags = IS_BOOT | IS_LOSS_SAID;
    device->heartbeat_ms = 15000;
    if (settings->in_bytes < GLASSLINE_IN_BYTES_MIN || settings->out_bytes < GLASSLINE_OUT_BYTES_MIN ||
        settings->outbox_bytes < GLASSLINE_RECORD_BYTES) {
        return false;
    }
    if (settings->id != NULL) {
        if (!is_id(settings->id)) return false;
        strcpy(device->id, settings->id);
    }
    if (settings->token != NULL) {
        if (strlen(settings->token) > GLASSLINE_TOKEN_BYTES_MAX) return false;
        strcpy(device->token, settings->token);
    }
    return strlen(device->id) + strlen(device->token) + 120 <= settings->out_bytes;
}

enum glassline_wish glassline_wish(const struct glassline *device, uint32_t now) {
    switch (device->phase) {
    case APART: return device->due_set != 0 && !is_due(device->back_at, now) ? GLASSLINE_WAIT : GLASSLINE_CONNECT;
    case ENDING: return GLASSLINE_DROP;
    case OVER: return GLASSLINE_OVER;
    default: return GLASSLINE_TALK;
    }
}

void glassline_connected(struct glassline *device, uint32_t now) {
    (void)now;
    device->in_used = device->out_from = device->out_to = 0;
    device->unheard = 0;
    device->flags = (uint8_t)(device->flags & ~IS_TOLD);
    device->due_set = 0;
    glassline_identify(device);
}

/* D1: each identify has a nonce of its own. It is said when there is room. */
void glassline_identify(struct glassline *device) {
    device->phase = ASKING;
    device->nonce++;
    device->due_set = 0;
    device->wants = WANTS_IDENTIFY;
}

/* D9. Answers milliseconds to wait. */
static uint32_t come_back(struct glassline *device, uint8_t again) {
    if ((device->flags & IS_WELCOME_SINCE) != 0 && device->now - device->welcome_since >= HEALTHY_MS) {
        device->attempts = 0;
        device->flags = (uint8_t)(device->flags & ~CAME_AT_ONCE);
    }
    device->flags = (uint8_t)(device->flags & ~IS_WELCOME_SINCE);
    if (again == AGAIN_NOW && (device->flags & CAME_AT_ONCE) == 0) {
        device->flags |= CAME_AT_ONCE;
        return 0;
    }
    uint32_t ceiling = device->attempts < 6 ? RECONNECT_FIRST_MS << device->attempts : RECONNECT_MS_MAX;
    if (device->attempts < 6) device->attempts++;
    device->random = device->random * 69069U + 1U;
    return 1 + (device->random >> 8) % (ceiling - 1);
}

static void part(struct glassline *device, uint8_t again, uint32_t wait) {
    uint32_t delay = come_back(device, again);
    device->back_at = device->now + (delay > wait ? delay : wait);
    device->due_set = 1; /* back_at counts */
    device->wants = 0;
    device->out_from = device->out_to = device->in_used = 0;
}

void glassline_end(struct glassline *device, const char *reason, size_t bytes, uint8_t again, uint32_t wait) {
    size_t kept = bytes < sizeof device->reason ? bytes : sizeof device->reason - 1;
    memcpy(device->reason, reason, kept);
    device->reason[kept] = '\0';
    part(device, again, wait);
    device->phase = again == AGAIN_NEVER ? OVER : ENDING;
    if (device->phase == OVER && device->settings.on_disconnected != NULL) {
        device->settings.on_disconnected(device->settings.context, device->reason);
    }
}

void glassline_disconnected(struct glassline *device, uint32_t now) {
    bool told = (device->flags & IS_TOLD) != 0;
    if (device->phase == OVER) return;
    device->now = now;
    if (device->phase != ENDING) {
        strcpy(device->reason, "broken");
        part(device, AGAIN_LATER, 0);
    }
    device->phase = APART;
    device->flags = (uint8_t)(device->flags & ~IS_TOLD);
    if (told && device->settings.on_disconnected != NULL) {
        device->settings.on_disconnected(device->settings.context, device->reason);
    }
}

size_t glassline_input(struct glassline *device, uint32_t now, const char *bytes, size_t count) {
    if (device->phase != ASKING && device->phase != TALKING) return count;
    device->now = now;
    /* One byte stays free for an end. */
    size_t room = device->settings.in_bytes - 1;
    for (size_t at = 0; at < count; at++) {
        if (bytes[at] != '\n') {
            if (device->in_used < room) device->settings.in[device->in_used] = bytes[at];
            /* One that is too long is skipped up to its end. A `\r` more is none. */
            if (device->in_used < room || bytes[at] != '\r') device->in_used += device->in_used <= room;
            continue;
        }
        size_t used = device->in_used;
        device->in_used = 0;
        if (used > 0 && used <= room && device->settings.in[used - 1] == '\r') used--;
        if (used <= room) glassline_read_line(device, used);
        return at + 1;
    }
    return count;
}

const char *glassline_output(const struct glassline *device, size_t *count) {
    *count = device->out_to - device->out_from;
    return device->settings.out + device->out_from;
}

void glassline_written(struct glassline *device, size_t count) {
    device->out_from += count < device->out_to - device->out_from ? count : device->out_to - device->out_from;
    if (device->out_from == device->out_to) device->out_from = device->out_to = 0;
}

/* D7. */
void glassline_heard(struct glassline *device) {
    if (device->phase == TALKING && device->settings.heartbeat_seconds > 0) {
        glassline_set_due(device, SILENCE, 2 * device->heartbeat_ms);
    }
}

void glassline_watch_progress(struct glassline *device) {
    bool closed = device->window == 0;
    bool is_loss = device->lost > 0 && (closed || (device->flags & IS_LOSS_SAID) != 0);
    bool waiting = is_loss || (closed ? device->held : device->said) > 0;
    uint32_t patience = closed || device->heartbeat_ms > PROGRESS_MS_MIN ? device->heartbeat_ms : PROGRESS_MS_MIN;
    if (waiting && device->phase == TALKING && !is_set(device, PROGRESS)) glassline_set_due(device, PROGRESS, patience);
}

/* D6: against a closed window the first unacked one asks whether it may open; else it goes back, or leaves. */
static void no_progress(struct glassline *device) {
    if (device->window == 0) {
        /* Where something is still to be written, such is among it. */
        if (device->out_from == device->out_to) device->wants |= WANTS_PROBE;
    } else if (device->settings.serial) {
        glassline_outbox_go_back(device);
    } else {
        glassline_end(device, "stuck", 5, AGAIN_LATER, 0);
    }
}

static void fall_due(struct glassline *device) {
    if (take_due(device, WELCOME)) {
        /* D1: the second time without having heard anything at all, the connection is dead. */
        if (++device->unheard > 1 && !device->settings.serial) glassline_end(device, "silent", 6, AGAIN_LATER, 0);
        else glassline_identify(device);
    }
    if (device->phase != TALKING) return;
    if (take_due(device, SILENCE)) {
        glassline_end(device, "silent", 6, AGAIN_LATER, 0);
        return;
    }
    if (take_due(device, PROGRESS)) no_progress(device);
    if (device->phase == TALKING && take_due(device, HEARTBEAT)) {
        if (device->out_from == device->out_to) device->wants |= WANTS_HEARTBEAT;
        else glassline_set_due(device, HEARTBEAT, device->heartbeat_ms);
    }
}

bool glassline_poll(struct glassline *device, uint32_t now) {
    if (device->phase != ASKING && device->phase != TALKING) return false;
    device->now = now;
    fall_due(device);
    bool said = glassline_say(device);
    glassline_watch_progress(device);
    return said;
}

uint32_t glassline_idle(const struct glassline *device, uint32_t now) {
    uint32_t idle = UINT32_MAX;
    if (device->phase == ENDING) return 0;
    if (device->phase == OVER) return idle;
    if (device->phase == APART) return glassline_wish(device, now) == GLASSLINE_CONNECT ? 0 : device->back_at - now;
    for (uint8_t timer = WELCOME; timer <= HEARTBEAT; timer++) {
        if (!is_set(device, timer)) continue;
        uint32_t left = is_due(device->due[timer], now) ? 0 : device->due[timer] - now;
        if (left < idle) idle = left;
    }
    return idle;
}

const char *glassline_command(const struct glassline *device) { return device->command; }
bool glassline_is_connected(const struct glassline *device) { return device->phase == TALKING; }
const char *glassline_session(const struct glassline *device) { return device->session; }
const char *glassline_id(const struct glassline *device) { return device->id; }
uint16_t glassline_queued(const struct glassline *device) { return device->held; }
glassline_count glassline_dropped(const struct glassline *device) { return device->dropped; }
glassline_count glassline_accepted(const struct glassline *device) { return device->accepted; }
glassline_count glassline_acked(const struct glassline *device) { return device->acked; }
bool glassline_is_drained(const struct glassline *device) { return device->held == 0 && device->lost == 0; }
