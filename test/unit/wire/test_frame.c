/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: however the bytes come, the frames are the same, and no length is believed. */
#include <string.h>

#include "test/unit/suite.h"
#include "wire/frame.h"

static void feed(struct frame_in *in, const void *bytes, size_t len)
{
    size_t room;
    uint8_t *at = frame_in_space(in, &room);

    ck_assert_ptr_nonnull(at);
    ck_assert_uint_le(len, room);
    memcpy(at, bytes, len);
    frame_in_filled(in, len);
}

START_TEST(a_byte_at_a_time)
{
    static const char stream[] = "\0\0\0\3abc\0\0\0\0\0\0\0\1z";
    static const char *const wanted[] = {"abc", "", "z"};
    struct frame_in in = {.max_frame = 16};
    size_t found = 0, len;
    const uint8_t *frame;

    for (size_t i = 0; i < sizeof stream - 1; i++) {
        feed(&in, stream + i, 1);
        while (frame_in_next(&in, &frame, &len) == FRAME_READY) {
            ck_assert_uint_lt(found, 3);
            ck_assert_uint_eq(len, strlen(wanted[found]));
            ck_assert_mem_eq(frame, wanted[found], len);
            found++;
        }
    }
    ck_assert_uint_eq(found, 3);
    ck_assert_uint_eq(frame_in_pending(&in), 0);
    frame_in_free(&in);
}
END_TEST

START_TEST(a_long_length_is_refused_before_it_is_believed)
{
    struct frame_in in = {.max_frame = 16};
    const uint8_t *frame;
    size_t len;

    feed(&in, "\0\0\0\x11", 4);
    ck_assert_int_eq(frame_in_next(&in, &frame, &len), FRAME_TOO_LONG);
    ck_assert_int_eq(frame_in_next(&in, &frame, &len), FRAME_TOO_LONG);
    frame_in_free(&in);
    feed(&in, "\xff\xff\xff\xff", 4);
    ck_assert_int_eq(frame_in_next(&in, &frame, &len), FRAME_TOO_LONG);
    ck_assert_uint_lt(in.capacity, 1 << 20);
    frame_in_free(&in);
}
END_TEST

START_TEST(a_frame_of_the_greatest_length)
{
    enum { MAX = 100000 };
    static uint8_t big[FRAME_HEADER + MAX];
    struct frame_in in = {.max_frame = MAX};
    const uint8_t *frame;
    size_t len, at = 0;

    memset(big, 'x', sizeof big);
    frame_put_u32(big, MAX);
    while (at < sizeof big) {
        size_t room;
        uint8_t *space = frame_in_space(&in, &room);
        size_t part = sizeof big - at < room ? sizeof big - at : room;

        ck_assert_int_eq(frame_in_next(&in, &frame, &len), FRAME_NONE);
        memcpy(space, big + at, part);
        frame_in_filled(&in, part);
        at += part;
    }
    ck_assert_int_eq(frame_in_next(&in, &frame, &len), FRAME_READY);
    ck_assert_uint_eq(len, MAX);
    ck_assert_mem_eq(frame, big + FRAME_HEADER, MAX);
    frame_in_free(&in);
}
END_TEST

START_TEST(a_frame_that_is_put_back_comes_again)
{
    static const char stream[] = "\0\0\0\3abc\0\0\0\1z";
    struct frame_in in = {.max_frame = 16};
    const uint8_t *frame;
    size_t len, room;

    memcpy(frame_in_space(&in, &room), stream, sizeof stream - 1);
    frame_in_filled(&in, sizeof stream - 1);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(frame_in_next(&in, &frame, &len), FRAME_READY);
        ck_assert_mem_eq(frame, "abc", 3);
        if (i == 0)
            frame_in_put_back(&in, len);
    }
    frame_in_put_back(&in, len);
    in.max_frame = 2; /* it is held to what holds then */
    ck_assert_int_eq(frame_in_next(&in, &frame, &len), FRAME_TOO_LONG);
    frame_in_free(&in);
}
END_TEST

START_TEST(output_in_pieces)
{
    struct frame_out out = {0};
    uint8_t *at;
    size_t len;

    ck_assert(frame_out_append(&out, (const uint8_t *)"ab", 2));
    at = frame_out_begin(&out, 100);
    memcpy(at, "cd", 2);
    frame_out_end(&out, 2);
    ck_assert_ptr_nonnull(frame_out_begin(&out, 50)); /* never ended: never was */
    ck_assert(frame_out_splice(&out, (const uint8_t *)"\0\0\0\1e", 5));
    ck_assert_mem_eq(frame_out_data(&out, &len), "\0\0\0\2ab\0\0\0\2cd\0\0\0\1e", 17);
    ck_assert_uint_eq(len, 17);
    frame_out_written(&out, 6);
    ck_assert_mem_eq(frame_out_data(&out, &len), "\0\0\0\2cd", 6);
    ck_assert_uint_eq(len, 11);
    frame_out_written(&out, 11);
    frame_out_data(&out, &len);
    ck_assert_uint_eq(len, 0);
    frame_out_free(&out);
}
END_TEST

START_TEST(numbers_are_big_endian)
{
    uint8_t bytes[8];

    frame_put_u64(bytes, 0x0102030405060708);
    ck_assert_mem_eq(bytes, "\1\2\3\4\5\6\7\10", 8);
    ck_assert(frame_get_u64(bytes) == 0x0102030405060708);
    ck_assert_uint_eq(frame_get_u32(bytes + 4), 0x05060708);
}
END_TEST

SUITE_MAIN("frame", a_byte_at_a_time, a_long_length_is_refused_before_it_is_believed,
           a_frame_of_the_greatest_length, a_frame_that_is_put_back_comes_again, output_in_pieces,
           numbers_are_big_endian)
