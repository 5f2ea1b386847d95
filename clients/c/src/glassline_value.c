/* What a command asks for, read from its JSON. */
#include <string.h>

#include "glassline_json.h"

bool glassline_is_true(const char *json) { return strcmp(json, "true") == 0; }

bool glassline_to_integer(const char *json, int32_t *value) {
    bool negative = json[0] == '-';
    struct glassline_part digits = {json + (negative ? 1 : 0), strlen(json) - (negative ? 1 : 0)};
    glassline_count number;
    if (!glassline_json_count(digits, &number) || number > (uint32_t)INT32_MAX) return false;
    *value = negative ? -(int32_t)number : (int32_t)number;
    return true;
}

static uint16_t unit(const char *at) {
    uint16_t code = 0;
    for (uint8_t digit = 0; digit < 4; digit++) code = (uint16_t)((unsigned)code << 4 | (unsigned)glassline_json_hex(at[digit]));
    return code;
}

static char *put_utf8(char *to, uint32_t code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

static char escaped(char character) {
    switch (character) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return character;
    }
}

/* What an escape of four digits stands for; 0 where it is half a character. `*at` is behind its `u`. */
static uint32_t code_at(const char **at, const char *end) {
    uint32_t code = unit(*at);
    *at += 4;
    if ((code & 0xf800U) != 0xd800U) return code;
    if (code >= 0xdc00U || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') return 0;
    uint32_t low = unit(*at + 2);
    *at += 6;
    return (low & 0xfc00U) == 0xdc00U ? 0x10000U + ((code & 0x3ffU) << 10) + (low & 0x3ffU) : 0;
}

static char *unescaped(char *value, size_t bytes) {
    const char *at = value, *end = value + bytes;
    if (bytes < 2 || *at != '"' || glassline_json_value(at, end, 0) != end) return NULL;
    char *text = value + 1, *to = text;
    for (at++, end--; at < end;) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        at++;
        if (*at != 'u') {
            *to++ = escaped(*at++);
            continue;
        }
        at++;
        uint32_t code = code_at(&at, end);
        if (code == 0) return NULL;
        to = put_utf8(to, code);
    }
    *to = '\0';
    return text;
}

bool glassline_to_text(char *json, char **text) {
    *text = unescaped(json, strlen(json));
    return *text != NULL;
}
