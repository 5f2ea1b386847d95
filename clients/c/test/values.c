/* What is accepted and what is not, and how values read and write; and the longest line that a small device says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/glassline.h"
#include "../src/glassline_line.h"

static struct glassline device;
static char in[257], out[1200];
static uint8_t outbox[4000];
static int checks;

#define CHECK(it)                                                             \
    do {                                                                      \
        checks++;                                                             \
        if (!(it)) fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #it), exit(1); \
    } while (0)

static void begin(bool checksum) {
    struct glassline_settings settings = {0};
    settings.id = "a", settings.random = 1, settings.checksum = checksum, settings.timeless = true;
    settings.in = in, settings.in_bytes = sizeof in;
    settings.out = out, settings.out_bytes = sizeof out;
    settings.outbox = outbox, settings.outbox_bytes = sizeof outbox;
    CHECK(glassline_begin(&device, &settings));
}

static void hear(const char *line) {
    glassline_input(&device, 0, line, strlen(line));
    while (glassline_poll(&device, 0)) {
    }
}

static void talk(void) {
    glassline_connected(&device, 0);
    hear("");
    size_t count;
    glassline_output(&device, &count);
    glassline_written(&device, count);
    hear("{\"welcome\":\"a\",\"nonce\":2,\"session\":\"k7-1\",\"ack\":0,\"window\":64,\"heartbeat\":15,\"line_max\":65536,\"time\":5}\n");
    CHECK(glassline_is_connected(&device));
}

/* What the device says, which is then written. */
static const char *said(void) {
    static char text[sizeof out + 1];
    while (glassline_poll(&device, 0)) {
    }
    size_t count;
    const char *bytes = glassline_output(&device, &count);
    snprintf(text, sizeof text, "%.*s", (int)count, bytes);
    glassline_written(&device, count);
    return text;
}

static void numbers(void) {
    static const struct {
        int32_t value;
        uint8_t decimals;
        const char *text;
    } ALL[] = {{0, 0, "0"},         {0, 2, "0.00"},  {215, 1, "21.5"},       {-5, 1, "-0.5"},
               {-215, 0, "-215"},   {7, 3, "0.007"}, {1000, 3, "1.000"},     {INT32_MIN, 0, "-2147483648"},
               {INT32_MAX, 10, "0.2147483647"}};
    begin(false);
    talk();
    for (size_t at = 0; at < sizeof ALL / sizeof *ALL; at++) {
        char expected[100];
        CHECK(glassline_send_decimal(&device, 0, "t", ALL[at].value, ALL[at].decimals));
        snprintf(expected, sizeof expected, "{\"seq\":%u,\"channel\":\"t\",\"value\":%s}\n", (unsigned)at + 1, ALL[at].text);
        CHECK(strcmp(said(), expected) == 0);
    }
    CHECK(glassline_send_float(&device, 0, "t", 21.46F, 1) && strstr(said(), ":21.5}") != NULL);
    CHECK(glassline_send_float(&device, 0, "t", -0.04F, 1) && strstr(said(), ":0.0}") != NULL);
    CHECK(!glassline_send_float(&device, 0, "t", 1e10F, 0) && !glassline_send_float(&device, 0, "t", 1e-10F * 0.0F / 0.0F, 0));
    CHECK(!glassline_send_decimal(&device, 0, "t", 1, 11));
}

static void refusals(void) {
    static const char *const NOT_JSON[] = {"", "nan", "01", "1.", "+1", "{", "[1,]", "{\"a\"}", "\"\\x\"", "\"\x01\"", "1 2", "1\n", "\"\xff\"", "\"\xed\xa0\x80\"",
                                           "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"};
    static const char *const JSON[] = {"0", "-0.5e-7", " 1 ", "\"\\u00e4\\n\"", "[]", "{\"a\":[1,{}]}", "null", "[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]"};
    static const char *const NO_CHANNEL[] = {"", "a\nb", "\x7f", "\xc2\x85", "\xc3"};
    char longest[200];
    begin(false);
    for (size_t at = 0; at < sizeof NOT_JSON / sizeof *NOT_JSON; at++) CHECK(!glassline_send(&device, 0, "t", NOT_JSON[at]));
    for (size_t at = 0; at < sizeof JSON / sizeof *JSON; at++) CHECK(glassline_send(&device, 0, "t", JSON[at]));
    for (size_t at = 0; at < sizeof NO_CHANNEL / sizeof *NO_CHANNEL; at++) CHECK(!glassline_send(&device, 0, NO_CHANNEL[at], "1"));
    memset(longest, 'x', sizeof longest);
    longest[129] = '\0';
    CHECK(!glassline_send(&device, 0, longest, "1"));
    longest[128] = '\0';
    CHECK(glassline_send(&device, 0, longest, "1"));
    struct glassline_value twice[] = {{"a", "1"}, {"a", "2"}};
    CHECK(!glassline_send_many(&device, 0, 0, twice, 2) && glassline_send_many(&device, 0, 0, twice, 1));
    CHECK(!glassline_send_many(&device, 0, 0, twice, 0) && !glassline_send_unnumbered(&device, 0, "t", "1"));
    CHECK(glassline_send_text(&device, 0, "t", "say \"\\\x01\""));
    talk();
    bool found = false;
    for (const char *lines = said(); lines[0] != '\0'; lines = said()) {
        found = found || strstr(lines, "\"value\":\"say \\\"\\\\\\u0001\\\"\"}") != NULL;
    }
    CHECK(found);
}

static void checksums(void) {
    CHECK(glassline_crc32("{\"temperature\":21.5}", 20) == 0x7a8e38daU);
    begin(true);
    talk();
    CHECK(glassline_send_unnumbered(&device, 0, "temperature", "21.5"));
    const char *line = said();
    CHECK(strlen(line) == strlen("{\"channel\":\"temperature\",\"value\":21.5}") + 11);
    CHECK(glassline_send_bool(&device, 0, "t", true) && said()[0] == '{');
    hear("{\"ack\":1} *00000000\n");
    CHECK(glassline_queued(&device) == 1);
    hear("{\"ack\":1} *a7ad0d4f\r\n");
    char sealed[40];
    snprintf(sealed, sizeof sealed, "{\"ack\":1} *%08x\r\n", (unsigned)glassline_crc32("{\"ack\":1}", 9));
    hear(sealed);
    CHECK(glassline_queued(&device) == 0);
}

static void readings(void) {
    int32_t number;
    char text[] = "\"a\\u00fc\\ud83d\\ude00\\n\"", half[] = "\"\\ud83d\"", *read;
    CHECK(glassline_is_true("true") && !glassline_is_true("1"));
    CHECK(glassline_to_integer("-7", &number) && number == -7);
    CHECK(!glassline_to_integer("7.5", &number) && !glassline_to_integer("2147483648", &number) && !glassline_to_integer("", &number));
    CHECK(glassline_to_text(text, &read) && strcmp(read, "a\xc3\xbc\xf0\x9f\x98\x80\n") == 0);
    CHECK(!glassline_to_text(half, &read));
}

int main(void) {
    numbers();
    refusals();
    checksums();
    readings();
    CHECK(sizeof device <= 700);
    printf("%d checks hold; the state takes %u bytes\n", checks, (unsigned)sizeof device);
    return 0;
}
