/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes and bodies: what means one thing only is read, everything else is refused. */
#include <string.h>

#include "test/unit/suite.h"
#include "wire/message.h"
#include "base/utf8.h"

/* A literal with its length; the NUL at its end is not part of it. */
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

START_TEST(requests_there_and_back)
{
    keyferry_GetKeyRequest body = {.has_key_identifier = true, .key_identifier = "alias/kek"}, read;
    struct wire_request request;
    struct kf_error err = {0};
    uint8_t frame[256];
    size_t len = wire_request_encode(UINT64_MAX, keyferry_Operation_OPERATION_GET_KEY,
                                     keyferry_GetKeyRequest_fields, &body, frame, sizeof frame);

    ck_assert_uint_gt(len, 0);
    ck_assert(wire_request_decode(frame, len, &request));
    ck_assert(request.id == UINT64_MAX);
    ck_assert_uint_eq(request.operation, keyferry_Operation_OPERATION_GET_KEY);
    ck_assert(request.body > frame && request.body + request.body_len == frame + len);
    ck_assert(wire_body_decode(request.body, request.body_len, keyferry_GetKeyRequest_fields, &read,
                               &err));
    ck_assert_str_eq(read.key_identifier, "alias/kek");
    ck_assert_uint_eq(wire_request_encode(1, keyferry_Operation_OPERATION_GET_KEY,
                                          keyferry_GetKeyRequest_fields, &body, frame, 8),
                      0);
}
END_TEST

START_TEST(responses_there_and_back)
{
    struct wire_response response;
    uint8_t frame[256];
    size_t len = wire_response_encode(9, KF_THROTTLING, "later", NULL, NULL, frame, sizeof frame);

    ck_assert(wire_response_decode(frame, len, &response));
    ck_assert(response.id == 9 && response.status == KF_THROTTLING && response.body_len == 0);
    ck_assert_str_eq(response.message, "later");
}
END_TEST

/* The body is not copied, so it must lie in the frame: nanopb hands scalars over from its stack. */
START_TEST(a_body_that_is_a_number_is_none)
{
    struct wire_response response;

    ck_assert(!wire_response_decode(BYTES("\x08\x05\x20\x07"), &response));
    ck_assert(!wire_response_decode(BYTES("\x08\x05\x25"
                                          "abcd"),
                                    &response));
}
END_TEST

START_TEST(an_operation_from_the_future_is_no_error)
{
    struct wire_request request;

    ck_assert(wire_request_decode(BYTES("\x08\x05\x10\xe7\x24"), &request));
    ck_assert_uint_eq(request.operation, 4711);
}
END_TEST

START_TEST(an_envelope_that_is_none)
{
    static const struct {
        const uint8_t *bytes;
        size_t len;
    } bad[] = {
        {BYTES("\x08\x05\x08\x05")}, /* id twice */
        {BYTES("\x08\x05\x78\x01")}, /* an unknown member */
        {BYTES("\x08\x05\x1a\x05"
               "ab")},                       /* body cut short */
        {BYTES("\x08\x05\x10")},             /* no value */
        {BYTES("\x08\x05\x00")},             /* number 0 */
        {BYTES("\x08\x05\x1a\x00\x1a\x00")}, /* body twice */
        {BYTES("\x08\x05\x18\x07")},         /* body as a number */
        {BYTES("\x08\x05\x1d"
               "abcd")}, /* body of fixed width */
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wire_request request = {0};

        ck_assert_msg(!wire_request_decode(bad[i].bytes, bad[i].len, &request), "case %zu", i);
        ck_assert_msg(request.id == 5, "case %zu: the id was readable", i);
    }
}
END_TEST

START_TEST(a_request_without_an_id)
{
    struct wire_request request;

    ck_assert(!wire_request_decode(BYTES(""), &request));
    ck_assert(!wire_request_decode(BYTES("\x10\x0d"), &request));
    ck_assert(!wire_request_decode(BYTES("\x08\x00\x10\x0d"), &request));
    ck_assert(request.id == 0);
    ck_assert(wire_request_decode(BYTES("\x08\x01\x10\x0d"), &request));
}
END_TEST

static bool reads(const uint8_t *body, size_t len)
{
    keyferry_ExportKeyRequest request;
    struct kf_error err = {0};
    bool good = wire_body_decode(body, len, keyferry_ExportKeyRequest_fields, &request, &err);

    ck_assert_int_eq(err.status, good ? KF_OK : KF_VALIDATION);
    return good;
}

START_TEST(bodies_are_read_strictly)
{
    ck_assert(reads(BYTES("")));
    ck_assert(reads(BYTES("\x12\x03"
                          "abc")));
    ck_assert(reads(BYTES("\x12\x04"
                          "\xc3\xa9\xc3\xa9")));
    ck_assert(!reads(BYTES("\x12\x03"
                           "a\0c")));
    ck_assert(!reads(BYTES("\x12\x03"
                           "a\nc")));
    ck_assert(!reads(BYTES("\x12\x02"
                           "\xc3(")));
    ck_assert(!reads(BYTES("\x12\x01"
                           "a"
                           "\x12\x01"
                           "b")));
    ck_assert(!reads(BYTES("\x1a\x01"
                           "a")));
    ck_assert(!reads(BYTES("\x10\x01"))); /* a number where a string must be */
    ck_assert(!reads(BYTES("\x0a\x06\x0a\x04\x0a\x02"
                           "a\x01"))); /* in a message in a message */
    ck_assert(reads(BYTES("\x0a\x06\x0a\x04\x0a\x02"
                          "ab")));
}
END_TEST

START_TEST(strings_have_their_bounds)
{
    uint8_t body[3 + 512] = {0x12, 0xff, 0x03}; /* 511 characters fit */

    memset(body + 3, 'x', 512);
    ck_assert(reads(body, 3 + 511));
    body[1] = 0x80;
    body[2] = 0x04;
    ck_assert(!reads(body, 3 + 512));
}
END_TEST

START_TEST(lists_have_their_bounds)
{
    keyferry_UntagResourceRequest request;
    struct kf_error err = {0};
    uint8_t body[21 * 3];

    for (size_t i = 0; i < sizeof body; i += 3)
        memcpy(body + i, "\x12\x01k", 3);
    ck_assert(wire_body_decode(body, 20 * 3, keyferry_UntagResourceRequest_fields, &request, &err));
    ck_assert_uint_eq(request.tag_keys_count, 20);
    ck_assert(
        !wire_body_decode(body, 21 * 3, keyferry_UntagResourceRequest_fields, &request, &err));
    ck_assert_str_eq(err.message, "TagKeys: has more than 20 elements.");
}
END_TEST

START_TEST(utf8_is_the_shortest_form)
{
    ck_assert_uint_eq(utf8_sequence(BYTES("a")), 1);
    ck_assert_uint_eq(utf8_sequence(BYTES("\xf0\x9f\x94\x91")), 4);
    ck_assert_uint_eq(utf8_sequence(BYTES("\xc0\x80")), 0);
    ck_assert_uint_eq(utf8_sequence(BYTES("\xe0\x80\x80")), 0);
    ck_assert_uint_eq(utf8_sequence(BYTES("\xed\xa0\x80")), 0); /* a surrogate */
    ck_assert_uint_eq(utf8_sequence(BYTES("\xf4\x90\x80\x80")), 0);
    ck_assert_uint_eq(utf8_sequence(BYTES("\xe2\x82")), 0);
    ck_assert_uint_eq(utf8_sequence(BYTES("\x80")), 0);
}
END_TEST

SUITE_MAIN("message", requests_there_and_back, responses_there_and_back,
           a_body_that_is_a_number_is_none, an_operation_from_the_future_is_no_error,
           an_envelope_that_is_none, a_request_without_an_id, bodies_are_read_strictly,
           strings_have_their_bounds, lists_have_their_bounds, utf8_is_the_shortest_form)
