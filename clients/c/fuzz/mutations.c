/* The fuzz target without a fuzzer: conversations, changed in the same hundred thousand ways each time. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 200000
#define BYTES 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char SEED[] =
    " \n{\"welcome\":\"a\",\"nonce\":2,\"session\":\"k7-1\",\"ack\":0,\"window\":2,\"heartbeat\":1,\"line_max\":65536,\"time\":1763846847123}\n"
    "\00121.5\n\002text\n{\"ack\":1}\n\003[1]\n\004\n{\"nak\":2}\n{\"command\":13,\"channel\":\"f\\\"an\",\"value\":true,\"ttl\":5000}\n"
    "{\"command\":14,\"channel\":\"fan\",\"value\":\"\\u00fc\\ud83d\\ude00\",\"ttl\":5000}\n\013{\"window\":0}\n\014\n{\"window\":64}\n"
    "{\"command\":15,\"channel\":\"fan\",\"value\":7,\"ttl\":5000}\n\006true\n\007{}\n{\"ack\":3} *00000000\n\005\n\015\n"
    "{\"welcome\":\"a\",\"nonce\":3,\"session\":\"k7-1\",\"ack\":1,\"window\":2,\"heartbeat\":1,\"line_max\":65536,\"time\":1,\"token\":\"t\"}\n"
    "{\"error\":{\"line\":1}}\n{\"need\":\"identify\"}\n{\"bye\":\"closed\",\"again\":\"now\",\"wait\":1}\n\001true\n";

static uint32_t state = 1;

static uint32_t next(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

static size_t change(uint8_t data[BYTES], size_t size) {
    size_t at = next((uint32_t)size), other = next((uint32_t)size), length = 1 + next(40);
    switch (next(6)) {
    case 0: data[at] = (uint8_t)next(256); return size;
    case 1: data[at] = (uint8_t)(data[at] ^ 1U << next(8)); return size;
    case 2: /* Something goes. */
        if (at + length >= size) return size;
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    case 3: /* Something comes twice. */
        if (at + length > size || size + length > BYTES) return size;
        memmove(data + at + length, data + at, size - at);
        return size + length;
    case 4: /* Something comes where something else was. */
        if (at + length > size || other + length > size) return size;
        memmove(data + at, data + other, length);
        return size;
    default: data[at] = (uint8_t)"\n{}[]\",:\\0918e-tfn\001\003\005\015"[next(22)]; return size;
    }
}

int main(void) {
    uint8_t data[BYTES];
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t size = sizeof SEED - 1;
        memcpy(data, SEED, size);
        for (uint32_t changes = round == 0 ? 0 : 1 + next(12); changes > 0; changes--) size = change(data, size);
        LLVMFuzzerTestOneInput(data, size);
    }
    printf("%d conversations end well\n", ROUNDS);
    return 0;
}
