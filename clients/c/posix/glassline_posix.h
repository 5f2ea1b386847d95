/* A device over a TCP socket of POSIX: Linux, macOS, and ESP-IDF's lwIP. Nothing here blocks but glassline_posix_resolve(). */
#ifndef GLASSLINE_POSIX_H
#define GLASSLINE_POSIX_H

#include <sys/socket.h>

#include "../src/glassline.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Milliseconds that making a connection may take; then it counts as failed. */
#define GLASSLINE_POSIX_CONNECT_MS_MAX 10000U
/* Bytes read at once, and so the most that one turn hands in. */
#define GLASSLINE_POSIX_READ_BYTES 512
/* Lines that one turn writes at most. */
#define GLASSLINE_POSIX_LINES_MAX 64

struct glassline_posix {
    struct sockaddr_storage address;
    socklen_t address_bytes;
    int socket; /* -1: none */
    bool connecting;
    uint32_t since;
};

/* Milliseconds of a clock that never jumps. */
uint32_t glassline_posix_now(void);
/* Finds out where the hub is. This asks the system and may take its time: once, before the first turn, or again when the program
 * likes. False: there is no such host. */
bool glassline_posix_resolve(struct glassline_posix *face, const char *host, const char *port);
/* Connects, reads, writes, comes back: what can be done at once, and otherwise waits for at most `patience` milliseconds (0: not at
 * all). */
void glassline_posix_turn(struct glassline_posix *face, struct glassline *device, uint32_t patience);
/* Takes turns until the hub has everything, for at most `patience` milliseconds. Answers whether it has. */
bool glassline_posix_flush(struct glassline_posix *face, struct glassline *device, uint32_t patience);
/* Ends the connection. */
void glassline_posix_close(struct glassline_posix *face);

#ifdef __cplusplus
}
#endif
#endif
