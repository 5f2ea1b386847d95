/* The JSON scanner: no recursion, so that a line of the network never uses up the stack. */
#include "glassline_json.h"

#include <string.h>

bool glassline_json_blank(char character) {
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static const char *blanks(const char *at, const char *end) {
    while (at < end && glassline_json_blank(*at)) at++;
    return at;
}

static bool is_digit(char character) { return character >= '0' && character <= '9'; }

int8_t glassline_json_hex(char character) {
    if (is_digit(character)) return (int8_t)(character - '0');
    if (character >= 'a' && character <= 'f') return (int8_t)(character - 'a' + 10);
    if (character >= 'A' && character <= 'F') return (int8_t)(character - 'A' + 10);
    return -1;
}

static bool is_escape(char character) {
    return character == '"' || character == '\\' || character == '/' || character == 'b' || character == 'f' || character == 'n' ||
           character == 'r' || character == 't';
}

/* `at` is behind the opening quote. */
static const char *string(const char *at, const char *end) {
    while (at < end && *at != '"') {
        if ((unsigned char)*at < 0x20) return NULL;
        if (*at++ != '\\') continue;
        if (at < end && *at == 'u') {
            if (end - at < 5) return NULL;
            for (uint8_t digit = 1; digit <= 4; digit++)
                if (glassline_json_hex(at[digit]) < 0) return NULL;
            at += 5;
        } else if (at < end && is_escape(*at)) {
            at++;
        } else {
            return NULL;
        }
    }
    return at < end ? at + 1 : NULL;
}

static const char *digits(const char *at, const char *end) {
    if (at >= end || !is_digit(*at)) return NULL;
    while (at < end && is_digit(*at)) at++;
    return at;
}

static const char *number(const char *at, const char *end) {
    if (at < end && *at == '-') at++;
    if (at < end && *at == '0') at++;
    else at = digits(at, end);
    if (at != NULL && at < end && *at == '.') at = digits(at + 1, end);
    if (at != NULL && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        at = digits(at, end);
    }
    return at;
}

static const char *word(const char *at, const char *end, const char *word, uint8_t bytes) {
    return (size_t)(end - at) >= bytes && memcmp(at, word, bytes) == 0 ? at + bytes : NULL;
}

static const char *scalar(const char *at, const char *end) {
    switch (*at) {
    case '"': return string(at + 1, end);
    case 't': return word(at, end, "true", 4);
    case 'f': return word(at, end, "false", 5);
    case 'n': return word(at, end, "null", 4);
    default: return number(at, end);
    }
}

/* A key and its colon. */
static const char *key(const char *at, const char *end) {
    at = blanks(at, end);
    if (at >= end || *at != '"') return NULL;
    at = string(at + 1, end);
    if (at == NULL) return NULL;
    at = blanks(at, end);
    return at < end && *at == ':' ? at + 1 : NULL;
}

const char *glassline_json_value(const char *text, const char *end, uint8_t depth) {
    uint16_t objects = 0; /* a bit for each level: whether it is an object */
    uint8_t level = 0;
    const char *at = text;
    for (;;) {
        at = blanks(at, end);
        if (at >= end) return NULL;
        if (*at == '{' || *at == '[') {
            bool is_object = *at == '{';
            if (level >= depth || level >= 16) return NULL;
            level++;
            objects = (uint16_t)((unsigned)objects << 1 | (is_object ? 1U : 0U));
            at = blanks(at + 1, end);
            if (at >= end || *at != (is_object ? '}' : ']')) {
                if (is_object && (at = key(at, end)) == NULL) return NULL;
                continue;
            }
            /* An empty one: its end follows. */
        } else if ((at = scalar(at, end)) == NULL) {
            return NULL;
        }
        /* Behind a value: ends of what it stands in, then perhaps another one. */
        for (;;) {
            if (level == 0) return at;
            at = blanks(at, end);
            if (at >= end) return NULL;
            bool is_object = (objects & 1U) != 0;
            if (*at == ',') {
                at++;
                if (is_object && (at = key(at, end)) == NULL) return NULL;
                break;
            }
            if (*at != (is_object ? '}' : ']')) return NULL;
            at++;
            level--;
            objects >>= 1;
        }
    }
}

bool glassline_json_member(const char **at, const char *end, struct glassline_part *name, struct glassline_part *value) {
    const char *here = blanks(*at, end);
    if (here < end && *here == ',') here = blanks(here + 1, end);
    if (here >= end || *here != '"') return false;
    name->text = here + 1;
    const char *behind = string(here + 1, end);
    if (behind == NULL) return false;
    name->bytes = (size_t)(behind - here) - 2;
    here = blanks(behind, end);
    if (here >= end) return false;
    here = blanks(here + 1, end);
    value->text = here;
    here = here < end ? glassline_json_value(here, end, 16) : NULL;
    if (here == NULL) return false;
    value->bytes = (size_t)(here - value->text);
    *at = here;
    return true;
}

bool glassline_json_count(struct glassline_part value, glassline_count *number) {
    glassline_count count = 0;
    if (value.text == NULL || value.bytes == 0) return false;
    for (size_t at = 0; at < value.bytes; at++) {
        if (!is_digit(value.text[at])) return false;
        uint8_t digit = (uint8_t)(value.text[at] - '0');
        if (count > (GLASSLINE_COUNT_MAX - digit) / 10) return false;
        count = count * 10 + digit;
    }
    *number = count;
    return true;
}

bool glassline_json_plain(struct glassline_part value, struct glassline_part *text) {
    if (value.text == NULL || value.bytes < 2 || value.text[0] != '"') return false;
    text->text = value.text + 1;
    text->bytes = value.bytes - 2;
    return memchr(text->text, '\\', text->bytes) == NULL;
}
