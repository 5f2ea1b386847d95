/* Plays the vectors of spec/vectors against the core: a clock that stands still but where a script lets time pass. Those with a stored
 * outbox are left out: this library stores nothing. Arguments: the files. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/glassline.h"
#include "words.h"

#define SAID_MAX 64
#define NONCES_MAX 16

static struct film {
    const char *name;
    int line;
    uint32_t now;
    struct glassline device;
    struct glassline_settings settings;
    bool begun, away;
    char in[4096], out[4096];
    uint8_t outbox[8192];
    char said[SAID_MAX][LINE_BYTES];
    size_t said_from, said_to;
    char nonces[NONCES_MAX][24];
    char running[8][24];
    uint16_t tickets[256];
    size_t running_count;
    char id[80], token[80], told[32];
    struct glassline_channel channel;
    char describe[LINE_BYTES];
} film;

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", film.name, film.line);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

static enum glassline_outcome begins(void *context, uint16_t ticket, const char *channel, char *value, char *answer, size_t bytes) {
    (void)context, (void)channel, (void)value, (void)answer, (void)bytes;
    const char *number = glassline_command(&film.device);
    snprintf(film.running[film.running_count++], 24, "%s", number);
    film.tickets[atoi(number) & 255] = ticket;
    return GLASSLINE_LATER;
}

static void ends(void *context, const char *reason) {
    (void)context;
    snprintf(film.told, sizeof film.told, "%s", reason);
}

/* Has the device say what it wants to, and takes it apart. */
static void settle(void) {
    for (bool more = true; more;) {
        more = glassline_poll(&film.device, film.now);
        size_t bytes;
        const char *out = glassline_output(&film.device, &bytes);
        size_t taken = bytes;
        for (const char *end; bytes > 0 && (end = memchr(out, '\n', bytes)) != NULL; out = end + 1) {
            size_t length = (size_t)(end - out);
            snprintf(film.said[film.said_to++ % SAID_MAX], LINE_BYTES, "%.*s", (int)length, out);
            bytes -= length + 1;
        }
        glassline_written(&film.device, taken);
    }
    if (glassline_wish(&film.device, film.now) == GLASSLINE_DROP) {
        snprintf(film.told, sizeof film.told, "%s", film.device.reason);
        glassline_disconnected(&film.device, film.now);
    }
}

static void begin(void) {
    if (film.begun) return;
    film.begun = true;
    if (!glassline_begin(&film.device, &film.settings)) fail("the device cannot be made");
}

static void expect_silence(void) {
    if (film.begun) settle();
    if (film.said_from < film.said_to) fail("before this the device says %s", film.said[film.said_from % SAID_MAX]);
}

static void pass(uint32_t duration) {
    begin();
    for (uint32_t until = film.now + duration;;) {
        settle();
        uint32_t idle = glassline_idle(&film.device, film.now);
        bool connects = glassline_wish(&film.device, film.now) == GLASSLINE_CONNECT;
        if (idle > until - film.now || connects) {
            film.now = until;
            settle();
            return;
        }
        film.now += idle;
    }
}

static void expect_said(const char *words) {
    begin();
    settle();
    bool talks = glassline_wish(&film.device, film.now) == GLASSLINE_TALK;
    if (!talks && strncmp(words, "identify", 8) == 0) {
        if (glassline_wish(&film.device, film.now) == GLASSLINE_OVER) fail("the device does not come back");
        film.now += glassline_idle(&film.device, film.now);
        glassline_connected(&film.device, film.now);
        settle();
    }
    if (film.said_from == film.said_to) fail("the device says nothing");
    const char *said = film.said[film.said_from++ % SAID_MAX];
    if (!matches(words, said)) fail("the device says %s", said);
    const char *name = strncmp(words, "identify", 8) == 0 ? strstr(words, " nonce ") : NULL;
    if (name == NULL) return;
    char nonce[LINE_BYTES];
    member_of(said, "nonce", nonce);
    for (size_t at = 0; at < NONCES_MAX; at++)
        if (nonce[0] == '\0' || strcmp(nonce, film.nonces[at]) == 0) fail("its nonce is none, or an earlier one");
    snprintf(film.nonces[atoi(name + 7) % NONCES_MAX], 24, "%.20s", nonce);
}

static void hub_says(const char *words) {
    char line[LINE_BYTES], whole[LINE_BYTES + 32], name[LINE_BYTES];
    if (film.running_count > 0) fail("the device begins %s", film.running[0]);
    if (glassline_wish(&film.device, film.now) != GLASSLINE_TALK) fail("the device is not connected");
    line_of(words, line);
    member_of(line, "nonce", name);
    char *nonce = strncmp(line, "{\"welcome\"", 10) == 0 ? strstr(line, "\"nonce\":") : NULL;
    if (nonce != NULL) {
        const char *chosen = film.nonces[atoi(name) % NONCES_MAX];
        *nonce = '\0';
        snprintf(whole, sizeof whole, "%s\"nonce\":%s%s\n", line, chosen[0] != '\0' ? chosen : "1000001", nonce + 8 + strlen(name));
    } else {
        snprintf(whole, sizeof whole, "%s\n", line);
    }
    glassline_input(&film.device, film.now, whole, strlen(whole));
    settle();
}

static void publish(char *words, bool numbered) {
    struct glassline_value values[8];
    uint64_t ts = 0;
    uint8_t count = 0;
    begin();
    for (char *channel = strtok(words, " "); channel != NULL; channel = strtok(NULL, " ")) {
        char *value = strtok(NULL, " ");
        if (strcmp(channel, "ts") == 0) {
            ts = strtoull(value, NULL, 10);
            continue;
        }
        values[count].channel = channel;
        values[count++].json = value;
    }
    if (!numbered) glassline_send_unnumbered(&film.device, film.now, values[0].channel, values[0].json);
    else if (!glassline_send_many(&film.device, film.now, ts, values, count)) fail("it is not accepted");
}

static void restart(void) {
    film.begun = false;
    film.running_count = 0;
    film.settings.random += 1000;
    begin();
}

/* The description of one channel, which is what the vectors have. */
static void describe(const char *json) {
    begin();
    snprintf(film.describe, sizeof film.describe, "%s", json);
    char *name = strchr(film.describe, '"') + 1, *end = strchr(name, '"');
    *end = '\0';
    film.describe[strlen(json) - 1] = '\0';
    film.channel.name = name;
    film.channel.json = end + 2;
    if (!glassline_describe(&film.device, &film.channel, 1)) fail("it is no description");
}

static void answer(char *words) {
    char *number = strtok(words, " "), *how = strtok(NULL, " "), *reason = strtok(NULL, " ");
    glassline_answer(&film.device, film.tickets[atoi(number) & 255], strcmp(how, "ok") == 0, reason);
}

static void expect_begun(const char *number) {
    if (film.running_count == 0 || strcmp(film.running[0], number) != 0) fail("%s does not begin", number);
    memmove(film.running, film.running + 1, sizeof film.running - sizeof film.running[0]);
    film.running_count--;
}

static void happens(char *happening) {
    unsigned number = 0;
    char unit[4] = "";
    char *rest = strchr(happening, ' ');
    rest = rest == NULL ? happening + strlen(happening) : rest + 1;
    if (sscanf(happening, "%u %3s", &number, unit) == 2) pass(strcmp(unit, "s") == 0 ? number * 1000 : number);
    else if (strcmp(happening, "serial") == 0) film.settings.serial = true;
    else if (strcmp(happening, "no heartbeat") == 0) film.settings.heartbeat_seconds = 0;
    else if (strcmp(happening, "no id") == 0) film.settings.id = NULL;
    else if (strncmp(happening, "outbox ", 7) == 0) film.settings.outbox_messages = (uint16_t)atoi(rest);
    else if (strncmp(happening, "line_max ", 9) == 0) film.settings.in_bytes = (size_t)atoi(rest) + 1;
    else if (strncmp(happening, "token ", 6) == 0) {
        snprintf(film.token, sizeof film.token, "%s", rest);
        film.settings.token = film.token;
    } else if (strcmp(happening, "restart") == 0) restart();
    else if (strcmp(happening, "cut") == 0) glassline_disconnected(&film.device, film.now);
    else if (strncmp(happening, "publish ", 8) == 0) publish(rest, true);
    else if (strncmp(happening, "unnumbered ", 11) == 0) publish(rest, false);
    else if (strncmp(happening, "describe ", 9) == 0) describe(rest);
    else if (strncmp(happening, "begins ", 7) == 0) expect_begun(rest);
    else if (strncmp(happening, "answer ", 7) == 0) answer(rest);
    else if (strncmp(happening, "drops ", 6) == 0) {
        settle();
        if (strcmp(film.told, rest) != 0) fail("it drops the connection: \"%s\"", film.told);
    } else if (strcmp(happening, "away") == 0) {
        enum glassline_wish wish = glassline_wish(&film.device, film.now);
        if (wish != GLASSLINE_WAIT && wish != GLASSLINE_OVER) fail("the device is there, or on its way");
    } else fail("what is \"%s\"?", happening);
}

static void play_line(char *text) {
    text[strcspn(text, "\r\n")] = '\0';
    text += strspn(text, " ");
    if (*text == '\0' || *text == '#') return;
    if (*text == '|') {
        expect_silence();
        for (char *next, *happening = text + 1; happening != NULL; happening = next) {
            next = strstr(happening, ", ");
            if (next != NULL) {
                *next = '\0';
                next += 2;
            }
            happening += strspn(happening, " ");
            happens(happening);
        }
        return;
    }
    char *words = strchr(text, '>') + 1;
    words += strspn(words, " ");
    if (strncmp(text, "device", 6) == 0) {
        expect_said(words);
        return;
    }
    expect_silence();
    hub_says(words);
}

static bool play(const char *path) {
    FILE *file = fopen(path, "r");
    char text[LINE_BYTES];
    if (file == NULL) return false;
    memset(&film, 0, sizeof film);
    film.name = path;
    film.now = UINT32_MAX - 3000; /* It wraps around in the middle of most of them. */
    film.settings.id = "pump-1";
    film.settings.heartbeat_seconds = 15;
    film.settings.random = 1;
    film.settings.in = film.in;
    film.settings.in_bytes = sizeof film.in;
    film.settings.out = film.out;
    film.settings.out_bytes = sizeof film.out;
    film.settings.outbox = film.outbox;
    film.settings.outbox_bytes = sizeof film.outbox;
    film.settings.on_command = begins;
    film.settings.on_disconnected = ends;
    bool stored = false;
    while (fgets(text, sizeof text, file) != NULL) {
        film.line++;
        stored = stored || strstr(text, "| stored") != NULL;
        if (!stored) play_line(text);
    }
    fclose(file);
    if (stored) return false;
    expect_silence();
    if (film.running_count > 0) fail("the device begins %s", film.running[0]);
    return true;
}

int main(int count, char **paths) {
    int played = 0;
    for (int at = 1; at < count; at++) played += play(paths[at]) ? 1 : 0;
    printf("%d vectors hold, %d are for a stored outbox\n", played, count - 1 - played);
    return played >= 30 ? 0 : 1;
}
