/* Lines, written without printf: it would be half of the program on a small machine. */
#include "glassline_line.h"

void glassline_put(struct glassline_line *line, char character) {
    if (line->bytes >= line->size) {
        line->overflows = true;
        return;
    }
    line->bytes++;
    if (line->room == NULL) return;
    line->room[line->at++] = character;
    if (line->at == line->ring) line->at = 0;
}

void glassline_put_text(struct glassline_line *line, const char *text) {
    for (char character; (character = GLASSLINE_BYTE(text)) != '\0'; text++) glassline_put(line, character);
}

void glassline_put_copy(struct glassline_line *line, const char *text) {
    for (; *text != '\0'; text++) glassline_put(line, *text);
}

/* With zeroes before it, up to so many digits. */
static void put_digits(struct glassline_line *line, glassline_count number, uint8_t digits_min) {
    char digits[20];
    uint8_t begin = sizeof digits;
    while (number != 0 || begin > sizeof digits - digits_min) {
        digits[--begin] = (char)('0' + (char)(number % 10));
        number /= 10;
    }
    while (begin < sizeof digits) glassline_put(line, digits[begin++]);
}

void glassline_put_count(struct glassline_line *line, glassline_count number) { put_digits(line, number, 1); }

void glassline_put_time(struct glassline_line *line, struct glassline_time time) {
    if (time.high > 0) put_digits(line, time.high, 1);
    put_digits(line, time.low, time.high > 0 ? 6 : 1);
}

static void put_hex(struct glassline_line *line, uint8_t half) {
    glassline_put(line, (char)(half < 10 ? '0' + half : 'a' + half - 10));
}

/* Bytes of the character that begins with `first`. */
static uint8_t utf8_bytes(unsigned char first) {
    if (first < 0xc0) return 1;
    if (first < 0xe0) return 2;
    return first < 0xf0 ? 3 : 4;
}

void glassline_put_quoted(struct glassline_line *line, const char *text, size_t bytes_max) {
    glassline_put(line, '"');
    for (uint8_t bytes; *text != '\0'; bytes_max -= bytes) {
        bytes = utf8_bytes((unsigned char)*text);
        if (bytes > bytes_max) break;
        for (uint8_t left = bytes; left > 0 && *text != '\0'; left--, text++) {
            unsigned char character = (unsigned char)*text;
            if (character < 0x20) {
                glassline_put_text(line, GLASSLINE_TEXT("\\u00"));
                put_hex(line, character >> 4);
                put_hex(line, character & 15);
                continue;
            }
            if (character == '"' || character == '\\') glassline_put(line, '\\');
            glassline_put(line, (char)character);
        }
    }
    glassline_put(line, '"');
}

uint32_t glassline_crc32(const char *bytes, size_t count) {
    uint32_t rest = 0xffffffffU;
    for (size_t at = 0; at < count; at++) {
        rest ^= (unsigned char)bytes[at];
        for (uint8_t bit = 0; bit < 8; bit++) rest = (rest & 1U) != 0 ? (rest >> 1) ^ 0xedb88320U : rest >> 1;
    }
    return ~rest;
}

void glassline_put_checksum(struct glassline_line *line) {
    uint32_t checksum = glassline_crc32(line->room, line->bytes);
    glassline_put_text(line, GLASSLINE_TEXT(" *"));
    for (uint8_t left = 8; left > 0; left--, checksum <<= 4) put_hex(line, (uint8_t)(checksum >> 28));
}
