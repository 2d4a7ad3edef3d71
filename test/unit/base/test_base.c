/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, and the recorder of failures. */
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "test/unit/suite.h"

START_TEST(hex_there_and_back)
{
    static const uint8_t bytes[] = {0x00, 0x9A, 0xFF};
    char text[7];
    uint8_t back[3];

    hex_encode(bytes, 3, text);
    ck_assert_str_eq(text, "009AFF");
    ck_assert(hex_decode(text, 3, back));
    ck_assert_mem_eq(back, bytes, 3);
}
END_TEST

START_TEST(hex_is_upper_case_and_whole)
{
    uint8_t back[2];

    ck_assert(!hex_decode("9a", 1, back));
    ck_assert(!hex_decode("0G", 1, back));
    ck_assert(!hex_decode("0", 1, back)); /* the NUL is no digit */
    ck_assert(!hex_decode(" 1", 1, back));
}
END_TEST

START_TEST(the_first_failure_wins)
{
    struct kf_error err = {0};

    ck_assert(!kf_fail(&err, KF_CONFLICT, "first %d", 1));
    ck_assert(!kf_fail_fault(&err, KF_INTERNAL, KF_FAULT_MODULE, "detail", "second"));
    ck_assert_int_eq(err.status, KF_CONFLICT);
    ck_assert_int_eq(err.fault, KF_FAULT_NONE);
    ck_assert_str_eq(err.message, "first 1");
    kf_error_clear(&err);
    kf_fail_fault(&err, KF_UNAVAILABLE, KF_FAULT_PIN, "C_Login", "third");
    ck_assert_int_eq(err.fault, KF_FAULT_PIN);
    ck_assert_str_eq(err.detail, "C_Login");
}
END_TEST

/* Whatever a message quotes, what is cut off is whole characters: of one to four bytes, wherever
 * they fall. */
START_TEST(a_message_is_not_cut_within_a_character)
{
    static const char *const characters[] = {"a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x94\x91"};

    for (size_t i = 0; i < 4; i++)
        for (size_t before = 0; before < 4; before++) {
            struct kf_error err = {0};
            char text[KF_MESSAGE_MAX * 4 + 1] = "";
            size_t len, size;

            for (size_t k = 0; k < KF_MESSAGE_MAX; k++)
                memcpy(text + k * (i + 1), characters[i], i + 2);
            kf_fail(&err, KF_VALIDATION, "%.*s%s", (int)before, "...", text);
            len = strlen(err.message);
            ck_assert_uint_gt(len, KF_MESSAGE_MAX - 1 - (i + 1));
            for (size_t at = 0; at < len; at += size) {
                size = utf8_sequence((const uint8_t *)err.message + at, len - at);
                ck_assert_uint_gt(size, 0);
            }
        }
}
END_TEST

START_TEST(names_are_awss)
{
    ck_assert_str_eq(kf_status_name(KF_OK), "OK");
    ck_assert_str_eq(kf_status_name(KF_NOT_FOUND), "ResourceNotFoundException");
    ck_assert_str_eq(kf_status_name(KF_INTERNAL), "InternalServerException");
}
END_TEST

SUITE_MAIN("base", hex_there_and_back, hex_is_upper_case_and_whole, the_first_failure_wins,
           a_message_is_not_cut_within_a_character, names_are_awss)
