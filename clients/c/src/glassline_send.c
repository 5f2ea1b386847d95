/* What the program sends: values become the members of a line, which is kept. */
#include <string.h>

#include "glassline_json.h"
#include "glassline_outbox.h"
#include "glassline_session.h"

/* Bytes of a line that every hub takes. */
#define LINE_BYTES_MAX 65536U

/* Whole characters of UTF-8, without those that control. */
static bool is_clean(const char *text, bool controls) {
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        unsigned char first = *at++;
        if (first < 0x80) {
            if (!controls && (first < 0x20 || first == 0x7f)) return false;
            continue;
        }
        uint8_t behind = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
        if (first < 0xc2 || first > 0xf4) return false;
        /* Longer than need be, half a character, or beyond the last one. */
        if ((first == 0xe0 && *at < 0xa0) || (first == 0xed && *at > 0x9f)) return false;
        if ((first == 0xf0 && *at < 0x90) || (first == 0xf4 && *at > 0x8f)) return false;
        if (!controls && first == 0xc2 && *at < 0xa0) return false;
        for (; behind > 0; behind--) {
            if ((*at++ & 0xc0) != 0x80) return false;
        }
    }
    return true;
}

static bool is_channel(const char *name) {
    size_t bytes = name == NULL ? 0 : strlen(name);
    return bytes > 0 && bytes <= GLASSLINE_CHANNEL_BYTES_MAX && is_clean(name, false);
}

static bool is_json(const char *json, uint8_t level) {
    if (json == NULL || strpbrk(json, "\r\n") != NULL || !is_clean(json, true)) return false;
    const char *end = json + strlen(json);
    const char *behind = glassline_json_value(json, end, (uint8_t)(GLASSLINE_DEPTH_MAX + 1 - level));
    while (behind != NULL && behind < end && glassline_json_blank(*behind)) behind++;
    return behind == end;
}

/* The values of a message: JSON, or one text that becomes some. */
struct content {
    const struct glassline_value *values;
    uint8_t count;
    bool is_text;
};

static void put_value(struct glassline_line *line, const struct content *content, uint8_t at) {
    const char *value = content->values[at].json;
    if (content->is_text) glassline_put_quoted(line, value, SIZE_MAX);
    else glassline_put_copy(line, value);
}

static void put_content(struct glassline_line *line, const struct content *content) {
    if (content->count == 1) {
        glassline_put_text(line, GLASSLINE_TEXT("\"channel\":"));
        glassline_put_quoted(line, content->values[0].channel, SIZE_MAX);
        glassline_put_text(line, GLASSLINE_TEXT(",\"value\":"));
        put_value(line, content, 0);
        return;
    }
    glassline_put_text(line, GLASSLINE_TEXT("\"values\":{"));
    for (uint8_t at = 0; at < content->count; at++) {
        if (at > 0) glassline_put(line, ',');
        glassline_put_quoted(line, content->values[at].channel, SIZE_MAX);
        glassline_put(line, ':');
        put_value(line, content, at);
    }
    glassline_put(line, '}');
}

static bool is_content(const struct content *content) {
    for (uint8_t at = 0; at < content->count; at++) {
        const struct glassline_value *value = &content->values[at];
        if (!is_channel(value->channel)) return false;
        bool is_value = content->is_text ? value->json != NULL && is_clean(value->json, true)
                                         : is_json(value->json, content->count == 1 ? 2 : 3);
        if (!is_value) return false;
        for (uint8_t before = 0; before < at; before++) {
            if (strcmp(content->values[before].channel, value->channel) == 0) return false;
        }
    }
    return content->count > 0;
}

static bool keep(struct glassline *device, const struct glassline_taken *taken, const struct content *content) {
    struct glassline_line line = {NULL, 0, SIZE_MAX, 0, 0, false};
    if (!is_content(content)) return false;
    put_content(&line, content);
    uint32_t whole = (uint32_t)line.bytes + GLASSLINE_AROUND_BYTES;
    if (whole > device->settings.out_bytes || whole > LINE_BYTES_MAX) return false;
    if (!glassline_outbox_begin(device, &line, line.bytes, taken)) return false;
    put_content(&line, content);
    glassline_outbox_end(device, &line);
    return true;
}

static bool keep_one(struct glassline *device, uint32_t now, const char *channel, const char *value, bool is_text) {
    struct glassline_value one = {channel, value};
    struct content content = {&one, 1, is_text};
    struct glassline_taken taken = {{0, now}, false};
    return keep(device, &taken, &content);
}

bool glassline_send(struct glassline *device, uint32_t now, const char *channel, const char *json) {
    return keep_one(device, now, channel, json, false);
}

bool glassline_send_text(struct glassline *device, uint32_t now, const char *channel, const char *text) {
    return keep_one(device, now, channel, text, true);
}

bool glassline_send_bool(struct glassline *device, uint32_t now, const char *channel, bool value) {
    return glassline_send(device, now, channel, value ? "true" : "false");
}

bool glassline_send_integer(struct glassline *device, uint32_t now, const char *channel, int32_t value) {
    return glassline_send_decimal(device, now, channel, value, 0);
}

bool glassline_send_decimal(struct glassline *device, uint32_t now, const char *channel, int32_t value, uint8_t decimals) {
    /* Backwards: up to 10 digits, or a 0 before as many decimals; a point, a minus, an end. */
    char digits[16];
    uint8_t at = sizeof digits;
    uint32_t rest = value < 0 ? 0U - (uint32_t)value : (uint32_t)value;
    if (decimals > 10) return false;
    digits[--at] = '\0';
    for (uint8_t count = 0; count <= decimals || rest > 0; count++) {
        if (count == decimals && decimals > 0) digits[--at] = '.';
        digits[--at] = (char)('0' + (char)(rest % 10U));
        rest /= 10U;
    }
    if (value < 0) digits[--at] = '-';
    return glassline_send(device, now, channel, &digits[at]);
}

bool glassline_send_float(struct glassline *device, uint32_t now, const char *channel, float value, uint8_t decimals) {
    if (decimals > 6) return false;
    for (uint8_t left = decimals; left > 0; left--) value *= 10.0F;
    /* Neither is so what is no number. */
    if (!(value < 2147483520.0F && value > -2147483520.0F)) return false;
    return glassline_send_decimal(device, now, channel, (int32_t)(value < 0 ? value - 0.5F : value + 0.5F), decimals);
}

bool glassline_send_many(struct glassline *device, uint32_t now, uint64_t ts, const struct glassline_value *values, uint8_t count) {
    struct content content = {values, count, false};
    struct glassline_taken taken = {{0, now}, ts > 0};
    if (ts > 0) {
        taken.time.high = (uint32_t)(ts / 1000000U);
        taken.time.low = (uint32_t)(ts % 1000000U);
    }
    return ts / 1000000U <= UINT32_MAX && keep(device, &taken, &content);
}

bool glassline_send_unnumbered(struct glassline *device, uint32_t now, const char *channel, const char *json) {
    struct glassline_value one = {channel, json};
    struct content content = {&one, 1, false};
    struct glassline_line line;
    if (device->phase != TALKING || device->channels_said < device->channels_count || !is_content(&content)) return false;
    device->now = now;
    glassline_line_begin(device, &line);
    glassline_put(&line, '{');
    put_content(&line, &content);
    glassline_put(&line, '}');
    return glassline_line_end(device, &line);
}

bool glassline_describe(struct glassline *device, const struct glassline_channel *channels, uint8_t count) {
    for (uint8_t at = 0; at < count; at++) {
        const char *json = channels[at].json;
        if (!is_channel(channels[at].name) || !is_json(json, 3) || json[0] != '{') return false;
        /* Every character of the name may need another one before it. */
        if (2 * strlen(channels[at].name) + strlen(json) + 30 > device->settings.out_bytes) return false;
    }
    device->channels = channels;
    device->channels_count = count;
    device->channels_said = 0;
    return true;
}
