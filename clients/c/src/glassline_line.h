/* Writes lines into a room of fixed size, which may be a part of a ring: what does not fit is noticed at the end. Without a room
 * their bytes are counted. */
#ifndef GLASSLINE_LINE_H
#define GLASSLINE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassline.h"

/* Text that stays where the program is, on machines whose constants would take RAM. */
#ifdef __AVR__
#include <avr/pgmspace.h>
#define GLASSLINE_TEXT(text) PSTR(text)
#define GLASSLINE_BYTE(at) ((char)pgm_read_byte(at))
#else
#define GLASSLINE_TEXT(text) (text)
#define GLASSLINE_BYTE(at) (*(at))
#endif

struct glassline_line {
    char *room;
    size_t bytes, size; /* written, and that may be */
    size_t at, ring;    /* where the next goes, and where the room begins anew */
    bool overflows;
};

void glassline_put(struct glassline_line *line, char character);
/* One of GLASSLINE_TEXT. */
void glassline_put_text(struct glassline_line *line, const char *text);
void glassline_put_copy(struct glassline_line *line, const char *text);
void glassline_put_count(struct glassline_line *line, glassline_count number);
void glassline_put_time(struct glassline_line *line, struct glassline_time time);
/* Text as a JSON string. Whole characters, as many as fit into bytes_max of it. */
void glassline_put_quoted(struct glassline_line *line, const char *text, size_t bytes_max);
/* The CRC-32 of what is in the line, behind it; not in a ring. */
void glassline_put_checksum(struct glassline_line *line);

/* The CRC-32 of Ethernet and zip. */
uint32_t glassline_crc32(const char *bytes, size_t count);

#endif
