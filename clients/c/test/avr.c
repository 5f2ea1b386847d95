/* A thermometer with a fan on a small machine, over its serial line: what is measured, and run under simavr. There it plays the hub
 * side of a conversation itself, from the text below, and says how it went. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>

#ifdef NOTHING
int main(void) {
    cli();
    sleep_mode();
}
#else

#include "../src/glassline.h"

static struct glassline device;
static char in[257], out[200];
static uint8_t outbox[300];
static volatile uint8_t fan;
static const struct glassline_channel CHANNELS[] = {{"fan", "{\"input\":\"switch\"}"}};

static const char HUB[] PROGMEM =
    "{\"welcome\":\"uno-1\",\"nonce\":2,\"session\":\"k7-1\",\"ack\":0,\"window\":64,\"heartbeat\":15,\"line_max\":65536,\"time\":1763846847123}\n"
    "{\"ack\":1}\n{\"command\":13,\"channel\":\"fan\",\"value\":true,\"ttl\":5000} *00000000\n"
    "{\"command\":14,\"channel\":\"fan\",\"value\":true,\"ttl\":5000}\n{\"nak\":2}\n";

static enum glassline_outcome on_command(void *context, uint16_t ticket, const char *channel, char *value, char *answer,
                                         size_t answer_bytes) {
    (void)context, (void)ticket, (void)channel, (void)answer, (void)answer_bytes;
    fan = glassline_is_true(value);
    return GLASSLINE_DONE;
}

/* Writes one byte, if there is room for it: nothing here waits. */
static void write_some(void) {
    size_t count;
    const char *bytes = glassline_output(&device, &count);
    if (count == 0 || (UCSR0A & _BV(UDRE0)) == 0) return;
    UDR0 = (uint8_t)*bytes;
    glassline_written(&device, 1);
}

/* What of the RAM was never used: the stack grows down into it. */
extern uint8_t __heap_start;
static void paint(void) {
    for (uint8_t *at = &__heap_start; at < (uint8_t *)SP - 8; at++) *at = 0xc5;
}
static uint16_t unused(void) {
    uint16_t count = 0;
    for (const uint8_t *at = &__heap_start; at < (uint8_t *)SP && *at == 0xc5; at++) count++;
    return count;
}

int main(void) {
    struct glassline_settings settings = {.id = "uno-1",
                                          .token = "TOKEN",
                                          .heartbeat_seconds = 15,
                                          .serial = true,
                                          .checksum = true,
                                          .random = 1,
                                          .in = in,
                                          .in_bytes = sizeof in,
                                          .out = out,
                                          .out_bytes = sizeof out,
                                          .outbox = outbox,
                                          .outbox_bytes = sizeof outbox,
                                          .on_command = on_command};
    const char *hub = HUB;
    paint();
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    glassline_begin(&device, &settings);
    glassline_describe(&device, CHANNELS, 1);
    for (uint32_t now = 0; now < 3000; now++) {
        enum glassline_wish wish = glassline_wish(&device, now);
        if (wish == GLASSLINE_CONNECT) glassline_connected(&device, now);
        if (wish == GLASSLINE_DROP) glassline_disconnected(&device, now);
        /* Once a second; and each line of the hub some time after the one before. */
        if (now % 1000 == 0) glassline_send_decimal(&device, now, "temperature", 215, 1);
        if (now % 500 == 400) {
            for (char byte = 0; byte != '\n' && (byte = (char)pgm_read_byte(hub)) != '\0'; hub++) glassline_input(&device, now, &byte, 1);
        }
        glassline_poll(&device, now);
        write_some();
    }
    bool well = fan != 0 && glassline_acked(&device) == 1 && glassline_queued(&device) == 2 && glassline_is_connected(&device);
    struct glassline_value left = {"stack_left", "0"};
    char digits[6] = {'0', '0', '0', '0', '0', '\0'};
    uint16_t rest = unused();
    for (uint8_t at = 5; at > 0; rest /= 10) digits[--at] = (char)('0' + rest % 10);
    uint8_t zeroes = 0;
    while (zeroes < 4 && digits[zeroes] == '0') zeroes++;
    left.json = digits + zeroes;
    glassline_send_unnumbered(&device, 0, left.channel, left.json);
    glassline_send_unnumbered(&device, 0, "went_well", well ? "true" : "false");
    for (size_t count = 1; count > 0; glassline_output(&device, &count)) write_some();
    while ((UCSR0A & _BV(UDRE0)) == 0) {
    }
    cli();
    sleep_mode();
}
#endif
