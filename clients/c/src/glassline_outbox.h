/* The outbox of a device (rule D5): a ring of records in the caller's memory. The messages in it have consecutive numbers. What is gone
 * before the first of them and not taken over is what a `skip` declares. */
#ifndef GLASSLINE_OUTBOX_H
#define GLASSLINE_OUTBOX_H

#include "glassline.h"
#include "glassline_line.h"

/* When a message was taken; or, while that is all the device knows, when by its own clock: `low` then. */
struct glassline_taken {
    struct glassline_time time;
    bool is_wall;
};

/* Makes room for a message of so many bytes, at the cost of the oldest, and begins to write it. False: it never fits. */
bool glassline_outbox_begin(struct glassline *device, struct glassline_line *line, size_t bytes, const struct glassline_taken *taken);
/* It is written. */
void glassline_outbox_end(struct glassline *device, const struct glassline_line *line);
/* Everything below number `next` is taken over, and nothing from there on. */
void glassline_outbox_take_over(struct glassline *device, glassline_count next);
/* Everything unacked counts as not said. */
void glassline_outbox_go_back(struct glassline *device);
/* Finds a message, from 0, which is held, and when it was taken. */
void glassline_outbox_find(struct glassline *device, uint16_t index, struct glassline_taken *taken);
/* What was found last: notes when it was taken, for ever; and copies it. */
void glassline_outbox_note(const struct glassline *device, const struct glassline_taken *taken);
void glassline_outbox_copy(const struct glassline *device, struct glassline_line *line);

#endif
