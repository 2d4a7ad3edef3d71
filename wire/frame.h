/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: a big-endian u32 length, then that many bytes. The same framing serves clients and the
 * daemon's own processes. Input collects what a stream delivers and hands out whole frames without
 * copying; output collects frames so that many leave in one write. Neither does any I/O itself. Not
 * for several threads.
 */
#ifndef KF_WIRE_FRAME_H
#define KF_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER 4

void frame_put_u32(uint8_t *at, uint32_t value);
void frame_put_u64(uint8_t *at, uint64_t value);
uint32_t frame_get_u32(const uint8_t *at);
uint64_t frame_get_u64(const uint8_t *at);

/* Input. All zero but max_frame is a valid empty one; data is owned, freed by frame_in_free. */
struct frame_in {
    uint8_t *data;
    size_t start, end, capacity;
    size_t max_frame; /* bytes a frame may have, its length field not counted */
};

enum frame_result { FRAME_NONE, FRAME_READY, FRAME_TOO_LONG };

/* Room for at least one byte more of input: where, and how much (never beyond what one frame and a
 * read-ahead need). NULL when memory is short. */
uint8_t *frame_in_space(struct frame_in *in, size_t *room);
/* len bytes were put into that room. */
void frame_in_filled(struct frame_in *in, size_t len);
/* The next whole frame, if there is one. It stays valid until the next frame_in_space.
 * FRAME_TOO_LONG: the stream cannot be followed any further. A frame of no bytes is a frame. */
enum frame_result frame_in_next(struct frame_in *in, const uint8_t **frame, size_t *len);
/* Puts back the frame of len bytes that came last: it is the next one again. Before the next
 * frame_in_space only. */
void frame_in_put_back(struct frame_in *in, size_t len);
/* Bytes collected that are not a whole frame yet. */
size_t frame_in_pending(const struct frame_in *in);
/* Gives memory back that a long frame took, where nothing is collected; frames that came are no
 * longer valid. */
void frame_in_trim(struct frame_in *in);
void frame_in_free(struct frame_in *in);

/* Output. All zero is a valid empty one. */
struct frame_out {
    uint8_t *data;
    size_t start, end, capacity;
};

/* Begins a frame of at most max bytes and says where its bytes go; frame_out_end says how many they
 * became. Nothing else may be done to out in between; a frame that is never ended never was. NULL
 * when memory is short. */
uint8_t *frame_out_begin(struct frame_out *out, size_t max);
void frame_out_end(struct frame_out *out, size_t len);
/* Appends a whole frame. */
bool frame_out_append(struct frame_out *out, const uint8_t *frame, size_t len);
/* Appends bytes that are frames already, length fields and all. */
bool frame_out_splice(struct frame_out *out, const uint8_t *frames, size_t len);
/* What waits to be written, and that len of it were. */
const uint8_t *frame_out_data(const struct frame_out *out, size_t *len);
void frame_out_written(struct frame_out *out, size_t len);
void frame_out_free(struct frame_out *out);

#endif
