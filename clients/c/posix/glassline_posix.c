/* One socket, never waited for but in poll(). */
#define _POSIX_C_SOURCE 200112L
#include "glassline_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef ESP_PLATFORM
#include <sys/poll.h> /* its only name there */
#else
#include <poll.h>
#endif

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

uint32_t glassline_posix_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U);
}

bool glassline_posix_resolve(struct glassline_posix *face, const char *host, const char *port) {
    struct addrinfo wanted, *found = NULL;
    memset(&wanted, 0, sizeof wanted);
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    face->socket = -1;
    face->connecting = false;
    if (getaddrinfo(host, port, &wanted, &found) != 0 || found == NULL) return false;
    bool fits = found->ai_addrlen <= sizeof face->address;
    if (fits) {
        memcpy(&face->address, found->ai_addr, found->ai_addrlen);
        face->address_bytes = found->ai_addrlen;
    }
    freeaddrinfo(found);
    return fits;
}

void glassline_posix_close(struct glassline_posix *face) {
    if (face->socket >= 0) close(face->socket);
    face->socket = -1;
    face->connecting = false;
}

static void lose(struct glassline_posix *face, struct glassline *device, uint32_t now) {
    glassline_posix_close(face);
    glassline_disconnected(device, now);
}

static void connect_now(struct glassline_posix *face, struct glassline *device, uint32_t now) {
    int yes = 1;
    face->socket = socket(face->address.ss_family, SOCK_STREAM, 0);
    face->connecting = true;
    face->since = now;
    if (face->socket < 0 || fcntl(face->socket, F_SETFL, O_NONBLOCK) != 0) {
        lose(face, device, now);
        return;
    }
    /* Without these it is less quick, or finds a dead connection later. */
    (void)setsockopt(face->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)setsockopt(face->socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    if (connect(face->socket, (struct sockaddr *)&face->address, face->address_bytes) != 0 && errno != EINPROGRESS) {
        lose(face, device, now);
    }
}

static void finish_connecting(struct glassline_posix *face, struct glassline *device, uint32_t now, bool writable) {
    int error = 0;
    socklen_t bytes = sizeof error;
    if (!writable) {
        if (now - face->since >= GLASSLINE_POSIX_CONNECT_MS_MAX) lose(face, device, now);
        return;
    }
    if (getsockopt(face->socket, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0 || error != 0) {
        lose(face, device, now);
        return;
    }
    face->connecting = false;
    glassline_connected(device, now);
}

static bool would_block(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/* Answers whether the connection is still there. */
static bool read_some(struct glassline_posix *face, struct glassline *device, uint32_t now) {
    char bytes[GLASSLINE_POSIX_READ_BYTES];
    ssize_t count = recv(face->socket, bytes, sizeof bytes, 0);
    if (count <= 0) return count < 0 && would_block();
    for (size_t at = 0; at < (size_t)count && glassline_wish(device, now) == GLASSLINE_TALK;) {
        at += glassline_input(device, now, bytes + at, (size_t)count - at);
    }
    return true;
}

static bool write_some(struct glassline_posix *face, struct glassline *device, uint32_t now) {
    for (uint8_t lines = 0; lines < GLASSLINE_POSIX_LINES_MAX; lines++) {
        bool more = glassline_poll(device, now);
        size_t count;
        const char *bytes = glassline_output(device, &count);
        if (count == 0) return true;
        ssize_t written = send(face->socket, bytes, count, MSG_NOSIGNAL);
        if (written < 0) return would_block();
        glassline_written(device, (size_t)written);
        if (!more && (size_t)written == count) return true;
    }
    return true;
}

static void wait_for(const struct glassline_posix *face, const struct glassline *device, uint32_t now, uint32_t patience, short *ready) {
    size_t unwritten;
    glassline_output(device, &unwritten);
    struct pollfd socket = {face->socket, POLLIN, 0};
    if (face->connecting || unwritten > 0) socket.events |= POLLOUT;
    uint32_t idle = glassline_idle(device, now);
    if (face->connecting) idle = 100;
    if (idle > patience) idle = patience;
    if (poll(&socket, face->socket >= 0 ? 1 : 0, (int)idle) > 0) *ready = socket.revents;
}

void glassline_posix_turn(struct glassline_posix *face, struct glassline *device, uint32_t patience) {
    uint32_t now = glassline_posix_now();
    short ready = 0;
    if (face->socket < 0 && glassline_wish(device, now) == GLASSLINE_CONNECT) connect_now(face, device, now);
    if (face->socket >= 0 && !face->connecting && !write_some(face, device, now)) lose(face, device, now);
    wait_for(face, device, now, patience, &ready);
    now = glassline_posix_now();
    if (face->connecting) {
        finish_connecting(face, device, now, (ready & (POLLOUT | POLLERR | POLLHUP)) != 0);
    } else if (face->socket >= 0) {
        bool there = (ready & (POLLIN | POLLERR | POLLHUP)) == 0 || read_some(face, device, now);
        there = there && write_some(face, device, now);
        enum glassline_wish wish = glassline_wish(device, now);
        if (wish == GLASSLINE_OVER) glassline_posix_close(face);
        else if (!there || wish == GLASSLINE_DROP) lose(face, device, now);
    }
}

bool glassline_posix_flush(struct glassline_posix *face, struct glassline *device, uint32_t patience) {
    uint32_t begun = glassline_posix_now(), now = begun;
    while (!glassline_is_drained(device) && now - begun < patience && glassline_wish(device, now) != GLASSLINE_OVER) {
        glassline_posix_turn(face, device, patience - (now - begun));
        now = glassline_posix_now();
    }
    return glassline_is_drained(device);
}
