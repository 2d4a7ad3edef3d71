/* SPDX-License-Identifier: Apache-2.0 */
/* The list of optional blocks: adding, writing in both forms, padding, and reading strictly. */
#include "test/unit/tr31/support.h"

#include <stdio.h>
#include <string.h>

#include "tr31/optblock.h"

#define AES_BLOCK 16

START_TEST(short_form_is_written)
{
    struct tr31_optblocks blocks = {0};
    struct kf_error err = {0};
    char out[64];

    ck_assert(tr31_optblocks_add(&blocks, "KS", "FFFF9876543210E00000", 20, &err));
    ck_assert(tr31_optblocks_add(&blocks, "LB", "", 0, &err));
    ck_assert_uint_eq(tr31_optblocks_size(&blocks), 28);
    out[tr31_optblocks_write(&blocks, 0, NULL, out)] = '\0';
    ck_assert_str_eq(out, "KS18FFFF9876543210E00000LB04");
}
END_TEST

START_TEST(extended_form_starts_at_256_characters)
{
    char data[252], out[300];

    memset(data, 'x', sizeof data);
    for (size_t len = 251; len <= 252; len++) {
        struct tr31_optblocks blocks = {0}, again;
        struct kf_error err = {0};
        const char *start = len == 251 ? "LBFFx" : "LB00040106x";
        size_t size = len == 251 ? 255 : 262, read;

        ck_assert(tr31_optblocks_add(&blocks, "LB", data, len, &err));
        ck_assert_uint_eq(tr31_optblocks_size(&blocks), size);
        ck_assert_uint_eq(tr31_optblocks_write(&blocks, 0, NULL, out), size);
        ck_assert_int_eq(strncmp(out, start, strlen(start)), 0);
        ck_assert(tr31_optblocks_parse(out, size, 1, 1, &again, &read, &err));
        ck_assert_uint_eq(read, size);
        ck_assert_uint_eq(again.list[0].len, len);
    }
}
END_TEST

START_TEST(padding_reaches_the_next_cipher_block)
{
    static const struct {
        size_t size, block, padding;
    } cases[] = {
        {0, 8, 0}, {16, 8, 0}, {24, 8, 0}, {24, 16, 8}, {12, 8, 4},  {13, 8, 11},
        {6, 16, 10}, {28, 16, 4}, {29, 16, 19}, {31, 16, 17}, {17, 16, 15},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_uint_eq(tr31_padding_size(cases[i].size, cases[i].block), cases[i].padding);
    for (size_t size = 0; size < 100; size++) {
        size_t padding = tr31_padding_size(size, AES_BLOCK);

        ck_assert_uint_eq((size + padding) % AES_BLOCK, 0);
        ck_assert(padding == 0 || (padding >= 4 && padding <= TR31_PB_MAX));
    }
}
END_TEST

START_TEST(padding_block_is_last_and_filled_from_the_bytes)
{
    struct tr31_optblocks blocks = {0};
    struct kf_error err = {0};
    /* Sixteen bits to 62 characters: both ends, the middle, and both sides of two borders. */
    const uint8_t filler[] = {0x00, 0x00, 0xFF, 0xFF, 0x80, 0x00,
                              0x04, 0x21, 0x04, 0x22, 0xFB, 0xDE};
    char out[64];

    ck_assert(tr31_optblocks_add(&blocks, "HM", "21", 2, &err));
    out[tr31_optblocks_write(&blocks, 10, filler, out)] = '\0';
    ck_assert_str_eq(out, "HM0621PB0A0zV01y");
}
END_TEST

START_TEST(every_filler_character_is_as_likely_as_another)
{
    struct tr31_optblocks none = {0};
    size_t seen[128] = {0}, kinds = 0;

    for (unsigned value = 0; value <= 0xFFFF; value++) {
        const uint8_t filler[2] = {(uint8_t)(value >> 8), (uint8_t)value};
        char out[5];

        tr31_optblocks_write(&none, 5, filler, out);
        seen[(unsigned char)out[4]]++;
    }
    for (size_t c = 0; c < COUNT(seen); c++) {
        ck_assert(seen[c] == 0 || seen[c] == 65536 / 62 || seen[c] == 65536 / 62 + 1);
        kinds += seen[c] != 0;
    }
    ck_assert_uint_eq(kinds, 62);
}
END_TEST

START_TEST(adding_has_rules)
{
    static const struct {
        const char *id, *data, *message;
    } cases[] = {
        {"KS", "1234", "optional block KS: its data must be 20 hex digits"},
        {"LB", "again", "optional block LB: may be there only once"},
        {"PB", "0000", "optional block PB: padding is added where it is needed; leave it out"},
        {"lb", "text", "optional block id: must be two characters of 0-9 and A-Z"},
        {"L", "text", "optional block id: must be two characters of 0-9 and A-Z"},
        {"LBL", "text", "optional block id: must be two characters of 0-9 and A-Z"},
        {"", "text", "optional block id: must be two characters of 0-9 and A-Z"},
    };
    struct tr31_optblocks blocks = {0};
    struct kf_error err = {0};

    ck_assert(tr31_optblocks_add(&blocks, "LB", "once", 4, &err));
    for (size_t i = 0; i < COUNT(cases); i++) {
        kf_error_clear(&err);
        expect_refusal(tr31_optblocks_add(&blocks, cases[i].id, cases[i].data,
                                          strlen(cases[i].data), &err),
                       &err, cases[i].message);
        ck_assert_uint_eq(blocks.count, 1);
    }
}
END_TEST

START_TEST(the_list_is_bounded)
{
    struct tr31_optblocks blocks = {0};
    struct kf_error err = {0};

    for (int i = 0; i < TR31_OPTBLOCKS_MAX; i++) {
        char id[3] = {(char)('0' + i / 10), (char)('0' + i % 10), '\0'};

        ck_assert(tr31_optblocks_add(&blocks, id, "", 0, &err));
    }
    expect_refusal(tr31_optblocks_add(&blocks, "LB", "", 0, &err), &err,
                   "optional blocks: a key block holds at most 99");
}
END_TEST

START_TEST(reading_is_strict)
{
    static const struct {
        const char *text;
        size_t count;
        const char *message;
    } cases[] = {
        {"LB08ABCD", 2, "optional block 2: the key block ends before it"},
        {"LB08ABCDLB", 2, "optional block 2: the key block ends before it"},
        {"lb08ABCD", 1, "optional block 1: its id must be two characters of 0-9 and A-Z"},
        {"LB0aABCDEF", 1, "optional block LB: its length must be two upper-case hex digits"},
        {"LB03ABCD", 1, "optional block LB: its length counts id and length too"},
        {"LB11ABCDEFABCDEF", 1, "optional block LB: its length exceeds the key block"},
        {"LB0000000CABCDEF", 1, "optional block LB: an extended length must be 0004 and four"},
        {"LB00020106ABCDEF", 1, "optional block LB: an extended length must be 0004 and four"},
        {"LB0004010gABCDEF", 1, "optional block LB: an extended length must be 0004 and four"},
        {"LB000401", 1, "optional block LB: an extended length must be 0004 and four"},
        {"LB00040010ABCDEF", 1, "optional block LB: an extended length is for more than 255"},
        {"LB00041000ABCDEF", 1, "optional block LB: its length exceeds the key block"},
        {"LB08ABCDLB08ABCD", 2, "optional block LB: may be there only once"},
        {"PB08ABCDLB08ABCD", 2, "optional block PB: must be the last"},
        {"HM0699PB0A123456", 2, "optional block HM: its data must be a hash"},
        {"LB08ABCD", 1, "optional blocks: their 8 characters must be a multiple of 16"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tr31_optblocks blocks;
        struct kf_error err = {0};
        size_t size;

        expect_refusal(tr31_optblocks_parse(cases[i].text, strlen(cases[i].text), cases[i].count,
                                            AES_BLOCK, &blocks, &size, &err),
                       &err, cases[i].message);
    }
}
END_TEST

START_TEST(reading_points_into_the_text)
{
    static const char text[] = "HM0621PB0A5V5E8FREST";
    struct tr31_optblocks blocks;
    struct kf_error err = {0};
    size_t size;

    ck_assert(tr31_optblocks_parse(text, strlen(text), 2, AES_BLOCK, &blocks, &size, &err));
    ck_assert_uint_eq(size, 16);
    ck_assert_uint_eq(blocks.count, 2);
    ck_assert_str_eq(blocks.list[0].id, "HM");
    ck_assert_ptr_eq(blocks.list[0].data, text + 4);
    ck_assert_uint_eq(blocks.list[0].len, 2);
    ck_assert_str_eq(blocks.list[1].id, "PB");
    ck_assert_uint_eq(blocks.list[1].len, 6);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        short_form_is_written,
        extended_form_starts_at_256_characters,
        padding_reaches_the_next_cipher_block,
        padding_block_is_last_and_filled_from_the_bytes,
        every_filler_character_is_as_likely_as_another,
        adding_has_rules,
        the_list_is_bounded,
        reading_is_strict,
        reading_points_into_the_text,
    };

    return run_suite("optblock", tests, COUNT(tests));
}
