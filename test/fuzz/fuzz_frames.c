/* SPDX-License-Identifier: Apache-2.0 */
/* A client's stream: frames in whatever pieces, and the envelope in each. */
#include "test/fuzz/fuzz.h"
#include "wire/frame.h"
#include "wire/message.h"

static void take_frames(struct frame_in *in)
{
    const uint8_t *frame;
    size_t len;

    while (frame_in_next(in, &frame, &len) == FRAME_READY) {
        struct wire_request request = {0};
        struct wire_response response = {0};

        FUZZ_HOLDS(len <= in->max_frame);
        if (wire_request_decode(frame, len, &request))
            FUZZ_HOLDS(request.id != 0 && request.body_len <= len);
        if (wire_response_decode(frame, len, &response))
            FUZZ_HOLDS(response.body_len <= len &&
                       strnlen(response.message, sizeof response.message) <
                           sizeof response.message);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_in in = {.max_frame = 4096};

    while (size > 0) {
        size_t room, piece;
        uint8_t *space = frame_in_space(&in, &room);

        if (!space)
            break;
        FUZZ_HOLDS(room > 0);
        /* The first byte of a piece says how long it is. */
        piece = 1 + data[0] % 64;
        piece = piece < size ? piece : size;
        piece = piece < room ? piece : room;
        memcpy(space, data, piece);
        frame_in_filled(&in, piece);
        data += piece;
        size -= piece;
        take_frames(&in);
    }
    frame_in_free(&in);
    return 0;
}
