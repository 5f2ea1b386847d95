/* A scanner for the few lines that a device reads, and for the JSON that its program hands in. It keeps nothing and copies nothing. */
#ifndef GLASSLINE_JSON_H
#define GLASSLINE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassline.h"

/* A part of a text. `text` is NULL for none. */
struct glassline_part {
    const char *text;
    size_t bytes;
};

/* One JSON value of at most `depth` levels at the beginning of `text`: what lies behind it, or NULL where there is none. */
const char *glassline_json_value(const char *text, const char *end, uint8_t depth);
/* Walks through the members of an object that is known to be whole: `at` begins behind its brace. False: there are no more. */
bool glassline_json_member(const char **at, const char *end, struct glassline_part *key, struct glassline_part *value);
/* Whole numbers, as far as they can be counted here. */
bool glassline_json_count(struct glassline_part value, glassline_count *number);
/* What stands between the quotes of a string without escapes. */
bool glassline_json_plain(struct glassline_part value, struct glassline_part *text);
/* The value of a hexadecimal digit, or -1. */
int8_t glassline_json_hex(char character);
bool glassline_json_blank(char character);

#endif
