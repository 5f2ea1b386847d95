/* A message in words, as scripts of spec/vectors have it, and the same as JSON. */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_BYTES 2048

/* The line that a message in words stands for; a welcome gets what it leaves out. */
void line_of(const char *words, char line[LINE_BYTES]);
/* Whether what was said is the message `words`, but for its nonce. */
bool matches(const char *words, const char *said);
/* The text of a member of a line, or "" where there is none. */
void member_of(const char *line, const char *name, char text[LINE_BYTES]);

#endif
