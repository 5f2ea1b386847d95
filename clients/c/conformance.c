/* A device that does what its standard input says: how a harness drives this library. See clients/CONFORMANCE.md. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "posix/glassline_posix.h"
#include "src/glassline_json.h"

#define LINE_BYTES 70000
#define WAITING_MAX 64
#define VALUES_MAX 64

static struct glassline device;
static struct glassline_posix face;
static char in[65537], out[65600], answers[WAITING_MAX][256];
static uint8_t outbox[1 << 20];
static uint16_t waiting[WAITING_MAX];
static unsigned waiting_count, answers_count;
static bool holds;
static unsigned long sent, worst, worst_turn;

static void put_text(const char *text) {
    putchar('"');
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20) printf("\\u%04x", (unsigned)*text);
        else printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    }
    putchar('"');
}

static void put_or_null(const char *text) {
    if (text[0] != '\0') put_text(text);
    else printf("null");
}

static void end_event(void) {
    printf("}\n");
    fflush(stdout);
}

static void say_ok(const char *event, bool ok) {
    printf("{\"event\":\"%s\",\"ok\":%s", event, ok ? "true" : "false");
    end_event();
}

/* `ok [JSON]` or `failed REASON`. */
static void answer(uint16_t ticket, const char *how) {
    bool ok = strncmp(how, "ok", 2) == 0;
    const char *text = how + (ok ? 2 : 6);
    glassline_answer(&device, ticket, ok, text + strspn(text, " "));
}

static enum glassline_outcome on_command(void *context, uint16_t ticket, const char *channel, char *value, char *text, size_t bytes) {
    (void)context;
    printf("{\"event\":\"command\",\"channel\":");
    put_text(channel);
    printf(",\"value\":%s", value);
    end_event();
    if (!holds) {
        if (strlen(value) < bytes) strcpy(text, value);
        return GLASSLINE_DONE;
    }
    if (answers_count > 0) {
        char first[sizeof answers[0]];
        memcpy(first, answers[0], sizeof first);
        memmove(answers, answers + 1, sizeof answers - sizeof answers[0]);
        answers_count--;
        answer(ticket, first);
    } else if (waiting_count < WAITING_MAX) {
        waiting[waiting_count++] = ticket;
    }
    return GLASSLINE_LATER;
}

static void on_connected(void *context, bool resumed) {
    (void)context;
    printf("{\"event\":\"connected\",\"resumed\":%s,\"session\":", resumed ? "true" : "false");
    put_or_null(glassline_session(&device));
    printf(",\"id\":");
    put_or_null(glassline_id(&device));
    end_event();
}

static void say_disconnected(const char *code, bool comes_back) {
    printf("{\"event\":\"disconnected\",\"code\":");
    put_text(code);
    printf(",\"comes_back\":%s", comes_back ? "true" : "false");
    end_event();
}

static void on_disconnected(void *context, const char *reason) {
    (void)context;
    say_disconnected(reason, glassline_wish(&device, glassline_posix_now()) != GLASSLINE_OVER);
}

static void on_token(void *context, const char *token) {
    (void)context;
    printf("{\"event\":\"token\",\"token\":");
    put_text(token);
    end_event();
}

static unsigned long microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long)now.tv_sec * 1000000UL + (unsigned long)now.tv_nsec / 1000UL;
}

/* How long this program was ready while others had the processor, as Linux tells: the second number, in nanoseconds. */
static unsigned long waited_microseconds(void) {
    static int schedule = -2;
    char text[128];
    if (schedule == -2) schedule = open("/proc/self/schedstat", O_RDONLY);
    ssize_t count = schedule < 0 ? 0 : pread(schedule, text, sizeof text - 1, 0);
    text[count > 0 ? count : 0] = '\0';
    const char *second = strchr(text, ' ');
    return second == NULL ? 0 : (unsigned long)(strtoull(second, NULL, 10) / 1000U);
}

static void misread(const char *order) {
    printf("{\"event\":\"misread\",\"order\":");
    put_text(order);
    printf(",\"reason\":\"it is none\"");
    end_event();
}

/* Cuts a JSON value, and what stands behind it, out of `text`. */
static bool cut_json(char *text, char **behind) {
    const char *end = glassline_json_value(text, text + strlen(text), 32);
    if (end == NULL) return false;
    *behind = text + (end - text);
    if (**behind != '\0') *(*behind)++ = '\0';
    return true;
}

/* The members of an object, whose names have no escapes. */
static uint8_t values_of(char *object, struct glassline_value values[VALUES_MAX]) {
    struct glassline_part key, value;
    uint8_t count = 0;
    char *end = object + strlen(object);
    const char *at = object + 1;
    struct glassline_part keys[VALUES_MAX], texts[VALUES_MAX];
    while (*object == '{' && count < VALUES_MAX && glassline_json_member(&at, end, &key, &value)) {
        keys[count] = key;
        texts[count++] = value;
    }
    for (uint8_t one = 0; one < count; one++) {
        object[keys[one].text + keys[one].bytes - object] = '\0';
        object[texts[one].text + texts[one].bytes - object] = '\0';
        values[one].channel = keys[one].text;
        values[one].json = texts[one].text;
    }
    return count;
}

static void send_values(const struct glassline_value *values, uint8_t count, const char *ts, bool numbered) {
    unsigned long waited = waited_microseconds(), begin = microseconds();
    uint32_t now = glassline_posix_now();
    bool accepted = numbered ? glassline_send_many(&device, now, strtoull(ts, NULL, 10), values, count)
                             : glassline_send_unnumbered(&device, now, values[0].channel, values[0].json);
    unsigned long took = microseconds() - begin;
    waited = waited_microseconds() - waited;
    if (took > worst) worst = took;
    printf("{\"event\":\"sent\",\"n\":%lu,\"accepted\":%s,\"us\":%lu,\"waited_us\":%lu", ++sent, accepted ? "true" : "false",
           took, waited);
    end_event();
}

static bool send_order(char *rest, bool numbered) {
    char *json = strchr(rest, ' '), *ts;
    if (json == NULL) return false;
    *json++ = '\0';
    if (!cut_json(json, &ts)) return false;
    struct glassline_value value = {rest, json};
    send_values(&value, 1, ts, numbered);
    return true;
}

static bool send_many(char *rest) {
    struct glassline_value values[VALUES_MAX];
    char *ts;
    if (!cut_json(rest, &ts)) return false;
    char time[24];
    snprintf(time, sizeof time, "%s", ts);
    send_values(values, values_of(rest, values), time, true);
    return true;
}

static bool describe(char *rest) {
    static char kept[LINE_BYTES];
    static struct glassline_value values[VALUES_MAX];
    static struct glassline_channel channels[VALUES_MAX];
    char *behind;
    snprintf(kept, sizeof kept, "%s", rest);
    if (!cut_json(kept, &behind)) return false;
    uint8_t count = values_of(kept, values);
    for (uint8_t at = 0; at < count; at++) {
        channels[at].name = values[at].channel;
        channels[at].json = values[at].json;
    }
    say_ok("described", kept[0] == '{' && glassline_describe(&device, channels, count));
    return true;
}

static bool hold_answer(const char *how) {
    bool known = strncmp(how, "ok", 2) == 0 || strncmp(how, "failed", 6) == 0;
    if (known && waiting_count > 0) {
        uint16_t ticket = waiting[0];
        memmove(waiting, waiting + 1, sizeof waiting - sizeof waiting[0]);
        waiting_count--;
        answer(ticket, how);
    } else if (known && answers_count < WAITING_MAX) {
        snprintf(answers[answers_count++], sizeof answers[0], "%s", how);
    }
    return known;
}

static void say_state(void) {
    printf("{\"event\":\"state\",\"connected\":%s,\"session\":", glassline_is_connected(&device) ? "true" : "false");
    put_or_null(glassline_session(&device));
    printf(",\"id\":");
    put_or_null(glassline_id(&device));
    printf(",\"queued\":%u,\"dropped\":%lu,\"accepted\":%lu,\"restored\":0,\"acked\":%lu,\"worst_us\":%lu,\"worst_turn_us\":%lu",
           (unsigned)glassline_queued(&device), (unsigned long)glassline_dropped(&device), (unsigned long)glassline_accepted(&device),
           (unsigned long)glassline_acked(&device), worst, worst_turn);
    end_event();
}

static void quit(void) {
    glassline_posix_close(&face);
    say_disconnected("ended", false);
    say_ok("closed", glassline_queued(&device) == 0);
    exit(0);
}

static void obey(char *line) {
    static char order[LINE_BYTES];
    snprintf(order, sizeof order, "%s", line);
    line += strspn(line, " ");
    char *rest = line + strcspn(line, " ");
    if (*rest != '\0') *rest++ = '\0';
    bool read = true;
    if (strcmp(line, "send") == 0) read = send_order(rest, true);
    else if (strcmp(line, "unnumbered") == 0) read = send_order(rest, false);
    else if (strcmp(line, "many") == 0) read = send_many(rest);
    else if (strcmp(line, "describe") == 0) read = describe(rest);
    else if (strcmp(line, "answer") == 0) read = hold_answer(rest);
    else if (strcmp(line, "sync") == 0) say_ok("synced", false);
    else if (strcmp(line, "flush") == 0) say_ok("flushed", glassline_posix_flush(&face, &device, (uint32_t)strtoul(rest, NULL, 10)));
    else if (strcmp(line, "state") == 0) say_state();
    else if (strcmp(line, "quit") == 0) quit();
    else if (*line != '\0') read = false;
    if (!read) misread(order);
}

/* Reads what is there of standard input and obeys one order. Answers whether there may be more. */
static bool read_order(void) {
    static char text[LINE_BYTES];
    static size_t used;
    char *end = memchr(text, '\n', used);
    struct pollfd input = {0, POLLIN, 0};
    if (end == NULL && poll(&input, 1, 0) > 0) {
        ssize_t count = read(0, text + used, sizeof text - 1 - used);
        if (count <= 0) quit();
        used += (size_t)count;
        end = memchr(text, '\n', used);
    }
    if (end == NULL) return false;
    *end = '\0';
    size_t taken = (size_t)(end - text) + 1;
    obey(text);
    used -= taken;
    memmove(text, text + taken, used);
    return true;
}

static void turn(void) {
    bool more = read_order();
    unsigned long waited = waited_microseconds(), begin = microseconds();
    glassline_posix_turn(&face, &device, more ? 0 : 5);
    /* One that may not wait. */
    unsigned long took = microseconds() - begin, others = waited_microseconds() - waited;
    if (more && took > others && took - others > worst_turn) worst_turn = took - others;
}

static int settle_arguments(int count, char **words, struct glassline_settings *settings, const char **address) {
    int at = 1, plain = 0;
    for (; at < count; at++) {
        const char *word = words[at], *next = at + 1 < count ? words[at + 1] : "";
        bool takes = true;
        if (strcmp(word, "--token") == 0) settings->token = next;
        else if (strcmp(word, "--outbox") == 0) return 3;
        else if (strcmp(word, "--holding") == 0) settings->outbox_messages = (uint16_t)atoi(next);
        else if (strcmp(word, "--heartbeat") == 0) settings->heartbeat_seconds = (uint16_t)atoi(next);
        else if (strcmp(word, "--line-max") == 0) settings->in_bytes = (size_t)atoi(next) + 1;
        else if (strcmp(word, "--nonce") == 0) settings->random = (uint32_t)strtoul(next, NULL, 10);
        else takes = false;
        at += takes ? 1 : 0;
        if (takes) continue;
        if (strcmp(word, "--no-heartbeat") == 0) settings->heartbeat_seconds = 0;
        else if (strcmp(word, "--hold-commands") == 0) holds = true;
        else if (word[0] == '-' && word[1] == '-') return 2;
        else if (plain++ == 0) *address = word;
        else settings->id = word[0] != '\0' ? word : NULL;
    }
    if (plain != 2) return 2;
    return strncmp(*address, "tcp://", 6) == 0 ? 0 : 3;
}

int main(int count, char **words) {
    struct glassline_settings settings = {.heartbeat_seconds = 15,
                                          .random = glassline_posix_now() * 2654435761U,
                                          .in = in,
                                          .in_bytes = sizeof in,
                                          .out = out,
                                          .out_bytes = sizeof out,
                                          .outbox = outbox,
                                          .outbox_bytes = sizeof outbox,
                                          .on_command = on_command,
                                          .on_connected = on_connected,
                                          .on_disconnected = on_disconnected,
                                          .on_token = on_token};
    const char *address = "";
    int wrong = settle_arguments(count, words, &settings, &address);
    if (wrong != 0) return wrong;
    char host[256];
    snprintf(host, sizeof host, "%s", address + 6);
    char *port = strrchr(host, ':');
    if (port == NULL) return 2;
    *port++ = '\0';
    if (!glassline_begin(&device, &settings) || !glassline_posix_resolve(&face, host, port)) return 2;
    printf("{\"event\":\"ready\",\"library\":\"c\",\"restored\":0");
    end_event();
    for (;;) turn();
}
