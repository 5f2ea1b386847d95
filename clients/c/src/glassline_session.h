/* What the parts of the session know of each other. */
#ifndef GLASSLINE_SESSION_H
#define GLASSLINE_SESSION_H

#include "glassline.h"
#include "glassline_line.h"

enum { APART, ASKING, TALKING, ENDING, OVER }; /* phase */

enum { WELCOME, SILENCE, PROGRESS, HEARTBEAT }; /* due */

/* wants */
#define WANTS_IDENTIFY 1U
#define WANTS_RESULT 2U
#define WANTS_PROBE 4U
#define WANTS_HEARTBEAT 8U

/* flags */
#define IS_BOOT 1U           /* until the first welcome of this run (D2) */
#define IS_TOLD 2U           /* the program was told of this connection */
#define IS_ANSWERED 4U       /* the last command has its answer */
#define IS_OK 8U             /* and it was done */
#define IS_WELCOME_SINCE 16U /* welcome_since counts */
#define CAME_AT_ONCE 32U     /* it came back at once since it was last healthy: a second time that would be a loop */
#define IS_LOSS_SAID 64U     /* what is lost was said since the last going back, or nothing is */
#define IS_DROPPED 128U      /* the last that is lost was dropped, for want of room */

/* Decides what the line in `in` means. */
void glassline_read_line(struct glassline *device, size_t bytes);

/* So many milliseconds from now. */
void glassline_set_due(struct glassline *device, uint8_t timer, uint32_t after);
void glassline_stop(struct glassline *device, uint8_t timer);
void glassline_identify(struct glassline *device);
void glassline_heard(struct glassline *device);
void glassline_watch_progress(struct glassline *device);
/* The connection is to end: when to come back, in the words of a `bye`. */
enum { AGAIN_LATER, AGAIN_NOW, AGAIN_NEVER };
void glassline_end(struct glassline *device, const char *reason, size_t bytes, uint8_t again, uint32_t wait);

/* Puts at most one line behind what is to go. Answers whether it did. */
bool glassline_say(struct glassline *device);
/* Begins a line in what is free of `out`, and ends it: false, and nothing was said, where there is no room. */
void glassline_line_begin(struct glassline *device, struct glassline_line *line);
bool glassline_line_end(struct glassline *device, struct glassline_line *line);
/* The identify as it would be now. */
void glassline_put_identify(const struct glassline *device, struct glassline_line *line);

#endif
