/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting and cutting frames. Buffers grow by need up to a frame and a read-ahead, never on a
 * peer's word. */
#include "wire/frame.h"

#include <stdlib.h>
#include <string.h>

/* How much is read ahead at once: several requests of a pipelining client in one system call. */
#define READ_AHEAD 16384
/* A buffer that once grew for a large burst gives the memory back when it is empty. */
#define KEEP_CAPACITY (256 * 1024)

void frame_put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

void frame_put_u64(uint8_t *at, uint64_t value)
{
    frame_put_u32(at, (uint32_t)(value >> 32));
    frame_put_u32(at + 4, (uint32_t)value);
}

uint32_t frame_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t frame_get_u64(const uint8_t *at)
{
    return (uint64_t)frame_get_u32(at) << 32 | frame_get_u32(at + 4);
}

/* Makes room for need bytes behind end: by moving what is left to the front, else by growing. */
static bool make_room(uint8_t **data, size_t *start, size_t *end, size_t *capacity, size_t need)
{
    size_t used = *end - *start;
    size_t wanted;
    uint8_t *grown;

    if (*capacity - *end >= need)
        return true;
    if (*start > 0 && used > 0)
        memmove(*data, *data + *start, used);
    *start = 0;
    *end = used;
    if (*capacity - used >= need)
        return true;
    wanted = *capacity ? *capacity : READ_AHEAD;
    while (wanted - used < need)
        wanted *= 2;
    grown = realloc(*data, wanted);
    if (!grown)
        return false;
    *data = grown;
    *capacity = wanted;
    return true;
}

uint8_t *frame_in_space(struct frame_in *in, size_t *room)
{
    size_t need = READ_AHEAD;
    size_t used = in->end - in->start;

    if (used >= FRAME_HEADER) {
        size_t frame = FRAME_HEADER + (size_t)frame_get_u32(in->data + in->start);

        if (frame <= FRAME_HEADER + in->max_frame && frame > used && frame - used > need)
            need = frame - used;
    }
    if (!make_room(&in->data, &in->start, &in->end, &in->capacity, need))
        return NULL;
    *room = need;
    return in->data + in->end;
}

void frame_in_filled(struct frame_in *in, size_t len)
{
    in->end += len;
}

enum frame_result frame_in_next(struct frame_in *in, const uint8_t **frame, size_t *len)
{
    size_t used = in->end - in->start;
    size_t size;

    if (used < FRAME_HEADER)
        return FRAME_NONE;
    size = frame_get_u32(in->data + in->start);
    if (size > in->max_frame)
        return FRAME_TOO_LONG;
    if (used - FRAME_HEADER < size)
        return FRAME_NONE;
    *frame = in->data + in->start + FRAME_HEADER;
    *len = size;
    in->start += FRAME_HEADER + size;
    return FRAME_READY;
}

void frame_in_put_back(struct frame_in *in, size_t len)
{
    in->start -= FRAME_HEADER + len;
}

size_t frame_in_pending(const struct frame_in *in)
{
    return in->end - in->start;
}

void frame_in_trim(struct frame_in *in)
{
    if (in->start == in->end && in->capacity > READ_AHEAD)
        frame_in_free(in);
}

void frame_in_free(struct frame_in *in)
{
    free(in->data);
    in->data = NULL;
    in->start = in->end = in->capacity = 0;
}

uint8_t *frame_out_begin(struct frame_out *out, size_t max)
{
    if (!make_room(&out->data, &out->start, &out->end, &out->capacity, FRAME_HEADER + max))
        return NULL;
    return out->data + out->end + FRAME_HEADER;
}

void frame_out_end(struct frame_out *out, size_t len)
{
    frame_put_u32(out->data + out->end, (uint32_t)len);
    out->end += FRAME_HEADER + len;
}

bool frame_out_append(struct frame_out *out, const uint8_t *frame, size_t len)
{
    uint8_t *at = frame_out_begin(out, len);

    if (!at)
        return false;
    if (len > 0)
        memcpy(at, frame, len);
    frame_out_end(out, len);
    return true;
}

bool frame_out_splice(struct frame_out *out, const uint8_t *frames, size_t len)
{
    if (!make_room(&out->data, &out->start, &out->end, &out->capacity, len))
        return false;
    if (len > 0)
        memcpy(out->data + out->end, frames, len);
    out->end += len;
    return true;
}

const uint8_t *frame_out_data(const struct frame_out *out, size_t *len)
{
    *len = out->end - out->start;
    /* Before anything is put in there is no data, and NULL takes no sum. */
    return out->data ? out->data + out->start : NULL;
}

void frame_out_written(struct frame_out *out, size_t len)
{
    out->start += len;
    if (out->start < out->end)
        return;
    out->start = out->end = 0;
    if (out->capacity > KEEP_CAPACITY)
        frame_out_free(out);
}

void frame_out_free(struct frame_out *out)
{
    free(out->data);
    out->data = NULL;
    out->start = out->end = out->capacity = 0;
}
