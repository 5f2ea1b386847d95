/* What a line of the hub side means (D1, D2, D5, D6, D8). One that cannot be read, or is of a kind from the future, is ignored. */
#include "glassline_session.h"

#include <string.h>

#include "glassline_json.h"
#include "glassline_outbox.h"

/* The members that a device reads; the first eight are kind keys, in their order. */
enum {
    THE_WELCOME, THE_ACK, THE_NAK, THE_COMMAND, THE_WINDOW, THE_NEED, THE_FAULT, THE_BYE,
    THE_NONCE, THE_SESSION, THE_HEARTBEAT, THE_TIME, THE_TOKEN, THE_CHANNEL, THE_VALUE, THE_TTL, THE_AGAIN, THE_WAIT, THE_LINE_MAX,
    THE_END
};

struct message {
    struct glassline_part member[THE_END];
};

/* Whether `key` is the name at `*name`, which then goes on to the next one. */
static bool is_name(const char **name, struct glassline_part key) {
    size_t at = 0;
    bool same = true;
    for (char character; (character = GLASSLINE_BYTE(*name)) != '\0'; (*name)++, at++) {
        same = same && at < key.bytes && key.text[at] == character;
    }
    (*name)++;
    return same && at == key.bytes;
}

/* False: it is no object, or has a member twice. */
static bool read_members(const char *line, const char *end, struct message *message) {
    const char *behind = glassline_json_value(line, end, GLASSLINE_DEPTH_MAX);
    memset(message, 0, sizeof *message);
    while (line < end && glassline_json_blank(*line)) line++;
    while (behind != NULL && behind < end && glassline_json_blank(*behind)) behind++;
    if (behind != end || line == end || *line != '{') return false;
    struct glassline_part key, value;
    for (const char *at = line + 1; glassline_json_member(&at, end, &key, &value);) {
        const char *name = GLASSLINE_TEXT("welcome\0ack\0nak\0command\0window\0need\0error\0bye\0nonce\0session\0heartbeat\0"
                                          "time\0token\0channel\0value\0ttl\0again\0wait\0line_max");
        for (uint8_t member = 0; member < THE_END; member++) {
            if (!is_name(&name, key)) continue;
            if (message->member[member].text != NULL) return false;
            message->member[member] = value;
            break;
        }
    }
    return true;
}

static bool count_of(const struct message *message, uint8_t member, glassline_count *number) {
    return glassline_json_count(message->member[member], number);
}

/* One that may be left out, and is `otherwise` then; false where it is there and none. */
static bool count_or(const struct message *message, uint8_t member, glassline_count otherwise, glassline_count *number) {
    *number = otherwise;
    return message->member[member].text == NULL || count_of(message, member, number);
}

/* Copies a text of at most `chars_max` characters. */
static bool copy_of(const struct message *message, uint8_t member, char *to, size_t chars_max) {
    struct glassline_part text;
    if (!glassline_json_plain(message->member[member], &text) || text.bytes > chars_max) return false;
    memcpy(to, text.text, text.bytes);
    to[text.bytes] = '\0';
    return true;
}

static uint32_t at_most(glassline_count number, uint32_t most) { return number > most ? most : (uint32_t)number; }

static bool time_of(struct glassline_part digits, struct glassline_time *time) {
    struct glassline_part high = {"0", 1};
    glassline_count number;
    if (digits.bytes > 6) {
        high.text = digits.text;
        high.bytes = digits.bytes - 6;
        digits.text += high.bytes;
        digits.bytes = 6;
    }
    if (!glassline_json_count(high, &number) || number > UINT32_MAX) return false;
    time->high = (uint32_t)number;
    if (!glassline_json_count(digits, &number)) return false;
    time->low = (uint32_t)number;
    return true;
}

static void ack(struct glassline *device, glassline_count seq) {
    /* It is progress, and no more than was ever said. */
    if (seq < device->oldest - device->lost || seq > device->said_max) return;
    glassline_outbox_take_over(device, seq + 1);
    glassline_stop(device, PROGRESS);
    glassline_watch_progress(device);
}

/* What was dropped meanwhile is answered with a skip. */
static void nak(struct glassline *device, glassline_count seq) {
    if (seq < device->oldest - device->lost || seq >= device->oldest + device->said) return;
    glassline_outbox_go_back(device);
    if (seq < device->oldest) return;
    device->said = (uint16_t)(seq - device->oldest);
    device->flags |= IS_LOSS_SAID;
}

/* Copies what a welcome says of who the device is. */
static void take_name(struct glassline *device, const struct message *message) {
    char token[GLASSLINE_TOKEN_BYTES_MAX + 1];
    copy_of(message, THE_WELCOME, device->id, GLASSLINE_ID_CHARS_MAX);
    /* One that the identify has no room for is not used: until it is, the old one is good. */
    if (message->member[THE_TOKEN].text == NULL || !copy_of(message, THE_TOKEN, token, GLASSLINE_TOKEN_BYTES_MAX)) return;
    if (strlen(device->id) + strlen(token) + 120 <= device->settings.out_bytes) strcpy(device->token, token);
    if (device->settings.on_token != NULL) device->settings.on_token(device->settings.context, token);
}

static void begin_talking(struct glassline *device, glassline_count window, glassline_count heartbeat) {
    device->phase = TALKING;
    device->wants = 0;
    device->channels_said = 0;
    device->due_set = 0;
    device->flags = (uint8_t)(device->flags & ~IS_BOOT);
    glassline_outbox_go_back(device);
    device->window = (uint16_t)at_most(window, UINT16_MAX);
    device->heartbeat_ms = heartbeat == 0 ? 1000U : at_most(heartbeat, 86400U) * 1000U;
    device->wall_now = device->now;
    if ((device->flags & IS_WELCOME_SINCE) == 0) device->welcome_since = device->now;
    device->flags |= IS_WELCOME_SINCE;
    glassline_heard(device);
    if (device->settings.heartbeat_seconds > 0) glassline_set_due(device, HEARTBEAT, device->heartbeat_ms);
    glassline_watch_progress(device);
}

/* D1: a welcome that answers another identify is none. Nor is a new session in which something is taken over already. */
static void welcome(struct glassline *device, const struct message *message) {
    glassline_count nonce, taken, window, heartbeat, line_max;
    struct glassline_time time;
    char session[GLASSLINE_SESSION_CHARS_MAX + 1];
    bool resumed = true;
    if (device->phase != ASKING || !count_of(message, THE_NONCE, &nonce) || nonce != device->nonce) return;
    if (!count_of(message, THE_HEARTBEAT, &heartbeat) || !time_of(message->member[THE_TIME], &time) || !count_of(message, THE_LINE_MAX, &line_max)) return;
    if (!count_or(message, THE_ACK, 0, &taken) || !count_or(message, THE_WINDOW, 64, &window)) return;
    if (!copy_of(message, THE_SESSION, session, GLASSLINE_SESSION_CHARS_MAX) || session[0] == '\0') return;
    if (strcmp(session, device->session) != 0) {
        if (taken > 0) return;
        /* D3: all that is not taken over is numbered anew. */
        strcpy(device->session, session);
        resumed = false;
        device->oldest = device->lost + 1;
        device->said_max = 0;
    } else if (taken > device->said_max) {
        /* It counts what was never said: numbers of another run. They are not to be used again (D2). */
        device->session[0] = '\0';
        glassline_identify(device);
        return;
    } else {
        glassline_outbox_take_over(device, taken + 1);
    }
    take_name(device, message);
    device->wall = time;
    begin_talking(device, window, heartbeat);
    if ((device->flags & IS_TOLD) != 0) return;
    device->flags |= IS_TOLD;
    if (device->settings.on_connected != NULL) {
        device->settings.on_connected(device->settings.context, resumed);
    }
}

static bool is_text(struct glassline_part value, const char *text) {
    struct glassline_part plain;
    return glassline_json_plain(value, &plain) && is_name(&text, plain);
}

static void bye(struct glassline *device, const struct message *message) {
    struct glassline_part code;
    glassline_count wait;
    if (!glassline_json_plain(message->member[THE_BYE], &code) || !count_or(message, THE_WAIT, 0, &wait)) return;
    /* What is unacked is numbered anew in the session that the next welcome brings. */
    if (is_text(message->member[THE_BYE], GLASSLINE_TEXT("closed"))) device->session[0] = '\0';
    uint8_t again = AGAIN_LATER;
    if (is_text(message->member[THE_AGAIN], GLASSLINE_TEXT("now"))) again = AGAIN_NOW;
    if (is_text(message->member[THE_AGAIN], GLASSLINE_TEXT("never"))) again = AGAIN_NEVER;
    glassline_end(device, code.text, code.bytes, again, at_most(wait, INT32_MAX));
}

/* A channel's name, in its place. It has no characters that JSON must escape but quotes and backslashes. */
static const char *name_of(char *json, size_t bytes) {
    char *to = json;
    for (size_t at = 1; at + 1 < bytes; at++) {
        if (json[at] == '\\') at++;
        *to++ = json[at];
    }
    *to = '\0';
    return json;
}

/* Has the program do a command. What stands behind its channel and its value in the line is not needed any more. */
static void obey(struct glassline *device, char *channel, size_t channel_bytes, char *value, size_t value_bytes) {
    enum glassline_outcome outcome = GLASSLINE_FAILED;
    /* Quotes and what names the answer stand around it. */
    char answer[GLASSLINE_ANSWER_BYTES_MAX - 12];
    uint16_t ticket = ++device->ticket;
    strcpy(answer, "nobody takes it");
    if (device->settings.on_command != NULL) {
        value[value_bytes] = '\0';
        const char *name = name_of(channel, channel_bytes);
        answer[0] = '\0';
        outcome = device->settings.on_command(device->settings.context, ticket, name, value, answer, sizeof answer);
        answer[sizeof answer - 1] = '\0';
    }
    if (outcome != GLASSLINE_LATER) glassline_answer(device, ticket, outcome == GLASSLINE_DONE, answer);
}

/* Compares numbers as they stand in lines: with any count of digits, and no zeroes before them. */
static int8_t compare(struct glassline_part number, const char *last) {
    size_t bytes = strlen(last);
    if (number.bytes != bytes) return number.bytes > bytes ? 1 : -1;
    int order = memcmp(number.text, last, bytes);
    return (int8_t)(order > 0 ? 1 : order < 0 ? -1 : 0);
}

static bool is_command(struct glassline_part number) {
    if (number.bytes == 0 || number.bytes >= sizeof ((struct glassline *)0)->command || number.text[0] == '0') return false;
    for (size_t at = 0; at < number.bytes; at++) {
        if (number.text[at] < '0' || number.text[at] > '9') return false;
    }
    return true;
}

/* D8: begun once, answered for the last only. */
static void command(struct glassline *device, const struct message *message) {
    glassline_count ttl;
    struct glassline_part number = message->member[THE_COMMAND], channel = message->member[THE_CHANNEL], value = message->member[THE_VALUE];
    if (!is_command(number) || !count_of(message, THE_TTL, &ttl)) return;
    if (channel.text == NULL || channel.text[0] != '"' || value.text == NULL) return;
    int8_t order = compare(number, device->command);
    if (order == 0 && (device->flags & IS_ANSWERED) != 0) device->wants |= WANTS_RESULT;
    if (order <= 0) return;
    memcpy(device->command, number.text, number.bytes);
    device->command[number.bytes] = '\0';
    device->flags = (uint8_t)(device->flags & ~IS_ANSWERED);
    device->wants = (uint8_t)(device->wants & ~WANTS_RESULT);
    char *in = device->settings.in;
    obey(device, in + (channel.text - in), channel.bytes, in + (value.text - in), value.bytes);
}

bool glassline_answer(struct glassline *device, uint16_t ticket, bool ok, const char *text) {
    if (ticket != device->ticket || device->command[0] == '\0') return false;
    struct glassline_line line = {device->answer, 0, sizeof device->answer, 0, SIZE_MAX, false};
    const char *end = text == NULL ? NULL : text + strlen(text);
    bool is_said = text != NULL && text[0] != '\0', fits = true;
    if (ok && is_said) {
        fits = glassline_json_value(text, end, GLASSLINE_DEPTH_MAX - 1) == end;
        glassline_put_text(&line, GLASSLINE_TEXT(",\"value\":"));
        glassline_put_copy(&line, text);
    } else if (is_said) {
        glassline_put_text(&line, GLASSLINE_TEXT(",\"reason\":"));
        glassline_put_quoted(&line, text, sizeof device->answer - 12);
    }
    glassline_put(&line, '\0');
    if (line.overflows || !fits) {
        ok = fits = false;
        line.bytes = line.at = 0;
        line.overflows = false;
        glassline_put_text(&line, GLASSLINE_TEXT(",\"reason\":\"the answer is none, or too long\""));
        glassline_put(&line, '\0');
    }
    device->flags = (uint8_t)((device->flags & ~IS_OK) | IS_ANSWERED | (ok ? IS_OK : 0U));
    if (device->phase == TALKING) device->wants |= WANTS_RESULT;
    return fits;
}

static void set_window(struct glassline *device, glassline_count window) {
    if ((device->window == 0) != (window == 0)) glassline_stop(device, PROGRESS);
    device->window = (uint16_t)at_most(window, UINT16_MAX);
}

static void read_message(struct glassline *device, const struct message *message) {
    uint8_t kind = THE_WELCOME;
    glassline_count number = 0;
    while (kind <= THE_BYE && message->member[kind].text == NULL) kind++;
    if (kind == THE_WELCOME) welcome(device, message);
    if (kind == THE_BYE) bye(device, message);
    /* Nothing else means anything before the welcome (D1). */
    if (device->phase != TALKING) return;
    bool counts = count_of(message, kind <= THE_WINDOW ? kind : THE_COMMAND, &number);
    if (kind == THE_ACK && counts) ack(device, number);
    if (kind == THE_NAK && counts) nak(device, number);
    if (kind == THE_WINDOW && counts) set_window(device, number);
    if (kind == THE_COMMAND) command(device, message);
    if (kind == THE_NEED) glassline_identify(device);
}

/* The bytes of the line without a checksum behind it; 0 where that is not its own. */
static size_t without_checksum(const char *line, size_t bytes) {
    if (bytes < 11 || line[bytes - 9] != '*' || line[bytes - 10] != ' ') return bytes;
    uint32_t checksum = 0;
    for (size_t at = bytes - 8; at < bytes; at++) {
        int8_t digit = glassline_json_hex(line[at]);
        if (digit < 0) return 0;
        checksum = checksum << 4 | (uint32_t)(uint8_t)digit;
    }
    return checksum == glassline_crc32(line, bytes - 10) ? bytes - 10 : 0;
}

void glassline_read_line(struct glassline *device, size_t bytes) {
    char *line = device->settings.in;
    size_t whole = without_checksum(line, bytes);
    if (bytes > 0 && whole == 0) return;
    glassline_heard(device);
    device->unheard = 0;
    if (bytes == 0) return;
    if (device->settings.on_message != NULL) device->settings.on_message(device->settings.context, line, whole);
    struct message message;
    if (read_members(line, line + whole, &message)) read_message(device, &message);
}
