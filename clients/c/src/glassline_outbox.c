/* A record is a header, two bytes at a time or four as the machine has them, and the members of the message as they stand in its line. */
#include "glassline_outbox.h"

#include "glassline_session.h"

#define IS_WALL 0x8000U
#define LENGTH_MAX 0x7fffU

/* The length of a message, and whether its time is that of the world; and the time. */
struct header {
    uint16_t length, high[2], low[2];
};

static size_t ring(const struct glassline *device, size_t offset) {
    return offset >= device->settings.outbox_bytes ? offset - device->settings.outbox_bytes : offset;
}

static size_t read_header(const struct glassline *device, size_t record, struct header *header) {
    uint8_t *to = (uint8_t *)header;
    for (uint8_t left = GLASSLINE_RECORD_BYTES; left > 0; left--) {
        *to++ = device->settings.outbox[record];
        record = ring(device, record + 1);
    }
    return header->length & LENGTH_MAX;
}

static void write_header(const struct glassline *device, size_t record, size_t length, const struct glassline_taken *taken) {
    const struct header header = {(uint16_t)(length | (taken->is_wall ? IS_WALL : 0U)),
                                  {(uint16_t)(taken->time.high >> 16), (uint16_t)(taken->time.high & 0xffffU)},
                                  {(uint16_t)(taken->time.low >> 16), (uint16_t)(taken->time.low & 0xffffU)}};
    const uint8_t *from = (const uint8_t *)&header;
    for (uint8_t left = GLASSLINE_RECORD_BYTES; left > 0; left--) {
        device->settings.outbox[record] = *from++;
        record = ring(device, record + 1);
    }
}

/* Where the record behind this one begins. */
static size_t behind(const struct glassline *device, size_t record) {
    struct header header;
    return ring(device, record + GLASSLINE_RECORD_BYTES + read_header(device, record, &header));
}

static void remove_first(struct glassline *device) {
    size_t next = behind(device, device->box_from);
    size_t bytes = next > device->box_from ? next - device->box_from : next + device->settings.outbox_bytes - device->box_from;
    device->box_from = next;
    device->box_used -= bytes;
    device->held--;
    device->oldest++;
    if (device->said > 0) device->said--;
    else device->flags = (uint8_t)(device->flags & ~IS_LOSS_SAID);
    if (device->at_index > 0) device->at_index--;
    else device->at_offset = next;
}

bool glassline_outbox_begin(struct glassline *device, struct glassline_line *line, size_t bytes, const struct glassline_taken *taken) {
    size_t size = device->settings.outbox_bytes;
    size_t record = bytes + GLASSLINE_RECORD_BYTES;
    uint16_t held_max = device->settings.outbox_messages;
    if (held_max == 0) held_max = UINT16_MAX;
    if (bytes > LENGTH_MAX || record > size || device->oldest >= GLASSLINE_COUNT_MAX - UINT16_MAX) return false;
    while (device->held > 0 && (record > size - device->box_used || device->held >= held_max)) {
        remove_first(device);
        device->lost++;
        device->dropped++;
        device->flags |= IS_DROPPED;
    }
    line->at = ring(device, device->box_from + device->box_used);
    write_header(device, line->at, bytes, taken);
    line->at = ring(device, line->at + GLASSLINE_RECORD_BYTES);
    line->room = (char *)device->settings.outbox;
    line->ring = size;
    line->bytes = 0;
    line->size = bytes;
    return true;
}

void glassline_outbox_end(struct glassline *device, const struct glassline_line *line) {
    device->box_used += line->bytes + GLASSLINE_RECORD_BYTES;
    device->held++;
    device->accepted++;
}

void glassline_outbox_take_over(struct glassline *device, glassline_count next) {
    while (device->held > 0 && device->oldest < next) {
        remove_first(device);
        device->acked++;
        device->flags = (uint8_t)(device->flags & ~IS_DROPPED);
    }
    device->lost = device->oldest > next ? device->oldest - next : 0;
    if (device->lost == 0) device->flags |= IS_LOSS_SAID;
}

void glassline_outbox_go_back(struct glassline *device) {
    device->said = 0;
    if (device->lost > 0) device->flags = (uint8_t)(device->flags & ~IS_LOSS_SAID);
    else device->flags |= IS_LOSS_SAID;
}

void glassline_outbox_find(struct glassline *device, uint16_t index, struct glassline_taken *taken) {
    struct header header;
    if (device->at_index > index) {
        device->at_index = 0;
        device->at_offset = device->box_from;
    }
    for (; device->at_index < index; device->at_index++) device->at_offset = behind(device, device->at_offset);
    read_header(device, device->at_offset, &header);
    taken->is_wall = (header.length & IS_WALL) != 0;
    taken->time.high = (uint32_t)header.high[0] << 16 | header.high[1];
    taken->time.low = (uint32_t)header.low[0] << 16 | header.low[1];
}

void glassline_outbox_note(const struct glassline *device, const struct glassline_taken *taken) {
    struct header header;
    write_header(device, device->at_offset, read_header(device, device->at_offset, &header), taken);
}

void glassline_outbox_copy(const struct glassline *device, struct glassline_line *line) {
    struct header header;
    size_t left = read_header(device, device->at_offset, &header);
    for (size_t at = ring(device, device->at_offset + GLASSLINE_RECORD_BYTES); left > 0; left--) {
        glassline_put(line, (char)device->settings.outbox[at]);
        at = ring(device, at + 1);
    }
}
