/* A device of Glassline in C99: sessions, an outbox in memory, commands; no heap, no clock, no sockets.
 *
 * The caller owns all memory: one `struct glassline` and three buffers. Bytes that come are handed to glassline_input(), bytes
 * that are to go are fetched with glassline_output(), and glassline_poll() is called often; each does at most one bounded piece of
 * work: one line. `now` is any clock of milliseconds that counts on (millis()); it may wrap around.
 *
 * The rules behind it (D1 to D9) are in spec/protocol.md. What is stored nowhere is lost with the program: D3 and D4 do not apply.
 */
#ifndef GLASSLINE_H
#define GLASSLINE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Characters of an id, bytes of a token, characters of a session's name. */
#define GLASSLINE_ID_CHARS_MAX 64
#define GLASSLINE_TOKEN_BYTES_MAX 128
#define GLASSLINE_SESSION_CHARS_MAX 24
/* Bytes of a channel's name. */
#define GLASSLINE_CHANNEL_BYTES_MAX 128
/* Levels of objects and arrays in a line. */
#define GLASSLINE_DEPTH_MAX 16
/* Bytes of the last command's answer, kept to be repeated. A longer one is answered as failed. */
#ifndef GLASSLINE_ANSWER_BYTES_MAX
#define GLASSLINE_ANSWER_BYTES_MAX 96
#endif
/* The least sizes of the buffers: `in` holds the shortest longest line and its end, `out` a result. `out` must also hold the
 * identify, which glassline_begin() checks: 120 bytes, the id and the token. */
#define GLASSLINE_IN_BYTES_MIN 257
#define GLASSLINE_OUT_BYTES_MIN (GLASSLINE_ANSWER_BYTES_MAX + 64)
/* Bytes that a message takes in the outbox besides its members, and in `out` besides them. */
#define GLASSLINE_RECORD_BYTES 10
#define GLASSLINE_AROUND_BYTES 60

/* Numbers of messages in a session. On small machines up to 4,294,967,295; then none is accepted any more. */
#if UINT_MAX > 0xffff
typedef uint64_t glassline_count;
#define GLASSLINE_COUNT_MAX ((glassline_count)1 << 53)
#else
typedef uint32_t glassline_count;
#define GLASSLINE_COUNT_MAX UINT32_MAX
#endif

struct glassline;

enum glassline_outcome {
    GLASSLINE_DONE,   /* `answer` is JSON, or empty for none */
    GLASSLINE_FAILED, /* `answer` is the reason, as text */
    GLASSLINE_LATER   /* glassline_answer() will be called */
};

/* One channel and what it is: a JSON object such as {"unit":"°C"}. */
struct glassline_channel {
    const char *name;
    const char *json;
};

/* One channel and its value as JSON. */
struct glassline_value {
    const char *channel;
    const char *json;
};

/* What a device is made from. What is zero is left out or as usual. The pointers stay the caller's; the buffers and `context` are
 * used as long as the device is, the texts only by glassline_begin(). */
struct glassline_settings {
    const char *id;    /* NULL: the hub side makes one */
    const char *token; /* its own, or a join token */
    uint16_t heartbeat_seconds; /* 0: none */
    bool serial;                /* bytes may get lost, and there is no connection to drop */
    bool checksum;              /* every line that is said has its CRC-32 behind it: for serial lines */
    bool timeless;              /* messages have no `ts`; otherwise the welcome's time and `now` make one */
    uint32_t random;            /* any number that is likely another one each time */
    char *in;                   /* the line that is being read */
    size_t in_bytes;
    char *out; /* lines to be written: the longest must fit */
    size_t out_bytes;
    uint8_t *outbox; /* messages until they are acked: their members and 10 bytes each; the oldest go where it is full */
    size_t outbox_bytes;
    uint16_t outbox_messages; /* 0: as many as fit; 65,535 at most */

    void *context; /* handed to what follows; each may be NULL */
    /* Do what a command asks. `value` is its JSON and may be changed; put the result or the reason into `answer`. `ticket` is for
     * answering later. */
    enum glassline_outcome (*on_command)(void *context, uint16_t ticket, const char *channel, char *value, char *answer,
                                         size_t answer_bytes);
    void (*on_connected)(void *context, bool resumed);
    void (*on_disconnected)(void *context, const char *reason); /* a word: "silent", "stuck", "broken" or the hub's */
    void (*on_message)(void *context, const char *line, size_t bytes);
    void (*on_token)(void *context, const char *token); /* to be stored, and used by the next run of the program */
};

/* What the caller is to do about the connection. */
enum glassline_wish {
    GLASSLINE_CONNECT, /* make one, and say glassline_connected(); or glassline_disconnected() where that fails */
    GLASSLINE_WAIT,    /* nothing yet: a reconnect waits its time (D9) */
    GLASSLINE_TALK,    /* hand on bytes, both ways */
    GLASSLINE_DROP,    /* end it, with what was read from it, and say glassline_disconnected() */
    GLASSLINE_OVER     /* the hub said: never again with this token */
};

/* A time since 1970: high · 1,000,000 + low milliseconds, which small machines reckon with at little cost. */
struct glassline_time {
    uint32_t high, low;
};

/* A device. Look at it with the functions below only. (What is used most stands first, where an AVR reaches it with one instruction.) */
struct glassline {
    uint8_t phase, due_set, attempts, unheard;
    uint8_t channels_count, channels_said;
    uint8_t wants;           /* lines to be said when there is room */
    uint8_t flags;
    uint16_t held;           /* messages in the outbox */
    uint16_t said;           /* of them, since the last going back */
    glassline_count oldest;  /* number of the first of them, or of the next one where there is none */
    glassline_count lost;    /* numbers before it that are gone and not taken over: what a skip declares */
    glassline_count said_max; /* the last number that may ever have been said in this session: no ack goes beyond it */
    size_t out_from, out_to, in_used;
    size_t box_from, box_used;
    size_t at_offset;        /* where the message at_index is, so that nobody looks for it */
    uint16_t at_index;
    uint32_t now;            /* when it was last called with a time */
    uint32_t heartbeat_ms;
    uint16_t window;
    uint16_t ticket;                   /* of the last command begun */
    uint32_t due[4];                   /* deadlines */
    uint32_t wall_now, nonce, random, back_at, welcome_since;
    struct glassline_time wall;        /* the hub side's clock at wall_now */
    glassline_count accepted, dropped, acked;
    const struct glassline_channel *channels;
    struct glassline_settings settings;
    char id[GLASSLINE_ID_CHARS_MAX + 1];
    char token[GLASSLINE_TOKEN_BYTES_MAX + 1];
    char session[GLASSLINE_SESSION_CHARS_MAX + 1];
    char command[17];                  /* the number of the last one begun in this run (D8), as it came */
    char reason[16];                   /* why the connection ends */
    char answer[GLASSLINE_ANSWER_BYTES_MAX]; /* of the last command, as the end of its line */
};

/* Begins a run of the program. False: a buffer is too small, or the id or the token is none. */
bool glassline_begin(struct glassline *device, const struct glassline_settings *settings);

/* What to do about the connection now. */
enum glassline_wish glassline_wish(const struct glassline *device, uint32_t now);
void glassline_connected(struct glassline *device, uint32_t now);
void glassline_disconnected(struct glassline *device, uint32_t now);

/* Hands in bytes that came, up to the end of one line. Answers how many were taken: call again with the rest. */
size_t glassline_input(struct glassline *device, uint32_t now, const char *bytes, size_t count);
/* The bytes that are to go, and how many; and that so many went. */
const char *glassline_output(const struct glassline *device, size_t *count);
void glassline_written(struct glassline *device, size_t count);
/* Does what is due, and puts at most one line behind what is to go. Answers whether there may be more to do at once. */
bool glassline_poll(struct glassline *device, uint32_t now);
/* Milliseconds until glassline_poll() has something to do by itself; UINT32_MAX: not before something else happens. */
uint32_t glassline_idle(const struct glassline *device, uint32_t now);

/* Each keeps a message until the hub has it, and answers whether it was accepted: it then arrives once and in order, or its loss is
 * counted and declared. None waits for anything. Not accepted: a name or a JSON that is none, a line that does not fit into `out`
 * or the outbox. */
bool glassline_send(struct glassline *device, uint32_t now, const char *channel, const char *json);
bool glassline_send_integer(struct glassline *device, uint32_t now, const char *channel, int32_t value);
/* `value` / 10^decimals: glassline_send_decimal(…, 215, 1) is 21.5. */
bool glassline_send_decimal(struct glassline *device, uint32_t now, const char *channel, int32_t value, uint8_t decimals);
/* Rounded to so many decimals, up to 6; not accepted beyond what 32 bits hold then. */
bool glassline_send_float(struct glassline *device, uint32_t now, const char *channel, float value, uint8_t decimals);
bool glassline_send_bool(struct glassline *device, uint32_t now, const char *channel, bool value);
bool glassline_send_text(struct glassline *device, uint32_t now, const char *channel, const char *text);
/* Values taken at the same time, as one message, taken at `ts` (ms since 1970) or, with 0, now. */
bool glassline_send_many(struct glassline *device, uint32_t now, uint64_t ts, const struct glassline_value *values, uint8_t count);
/* Best effort: put out now, or false. */
bool glassline_send_unnumbered(struct glassline *device, uint32_t now, const char *channel, const char *json);

/* Says what the channels are, now and after each welcome, one line each. The table stays the caller's. False: a line does not fit. */
bool glassline_describe(struct glassline *device, const struct glassline_channel *channels, uint8_t count);

/* Answers a command later. `text` is JSON where it is done (NULL: none), and the reason where it is not. Only the last one begun is
 * answered (D8). False: it is another, or the text does not fit; where it is the last, it is answered as failed then. */
bool glassline_answer(struct glassline *device, uint16_t ticket, bool ok, const char *text);

/* The value of a command: whether it is `true`; a whole number; a text, in its place, without quotes and escapes. */
bool glassline_is_true(const char *json);
bool glassline_to_integer(const char *json, int32_t *value);
bool glassline_to_text(char *json, char **text);

/* How it stands. */
bool glassline_is_connected(const struct glassline *device);
const char *glassline_session(const struct glassline *device); /* "" for none */
const char *glassline_id(const struct glassline *device);
const char *glassline_command(const struct glassline *device); /* number of the last one begun; "" for none */
uint16_t glassline_queued(const struct glassline *device);
glassline_count glassline_dropped(const struct glassline *device);
glassline_count glassline_accepted(const struct glassline *device);
glassline_count glassline_acked(const struct glassline *device);
/* Whether all that was accepted is taken over. */
bool glassline_is_drained(const struct glassline *device);

#ifdef __cplusplus
}
#endif
#endif
