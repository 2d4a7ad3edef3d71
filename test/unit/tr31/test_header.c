/* SPDX-License-Identifier: Apache-2.0 */
/* The header's sixteen characters: written, read, and each rule broken once. */
#include "test/unit/tr31/support.h"

#include <stdio.h>
#include <string.h>

/* Writes a header of the sample with its length right for no body at all. */
static size_t write_sample(char text[TR31_HEADER_SIZE + 1])
{
    struct tr31_header header = sample_header();
    size_t size = tr31_header_write(&header, TR31_HEADER_SIZE, 0, NULL, text);

    text[size] = '\0';
    return size;
}

/* Parses the sample with `change` written over it from `at` on. */
static bool parse_changed(size_t at, const char *change, struct kf_error *err)
{
    char text[TR31_HEADER_SIZE + 1];
    struct tr31_header header;
    size_t size = write_sample(text);

    memcpy(text + at, change, strlen(change));
    return tr31_header_parse(text, TR31_HEADER_SIZE, &header, &size, err);
}

START_TEST(fields_are_where_the_standard_has_them)
{
    struct tr31_header header = {.version = 'B', .usage = "B0", .algorithm = 'T', .mode = 'X',
                                 .key_version = "02", .exportability = 'N', .context = '0'};
    struct kf_error err = {0};
    char text[64];

    ck_assert(tr31_optblocks_add(&header.optional, "BI", "00ABCDEFABCD", 12, &err));
    text[tr31_header_write(&header, 112, 0, NULL, text)] = '\0';
    ck_assert_str_eq(text, "B0112B0TX02N0100BI1000ABCDEFABCD");
}
END_TEST

START_TEST(what_is_written_is_read)
{
    struct tr31_header header, sample = sample_header();
    char text[TR31_HEADER_SIZE + 1];
    struct kf_error err = {0};
    size_t size;

    ck_assert_uint_eq(write_sample(text), TR31_HEADER_SIZE);
    ck_assert_str_eq(text, "D0016P0AE00E0000");
    ck_assert(tr31_header_parse(text, strlen(text), &header, &size, &err));
    ck_assert_uint_eq(size, TR31_HEADER_SIZE);
    ck_assert_mem_eq(&header, &sample, sizeof header);
}
END_TEST

START_TEST(each_field_has_its_rule)
{
    static const struct {
        size_t at;
        const char *text, *message;
    } cases[] = {
        {0, "d", "KeyBlock version: must be A, B, C, D or E"},
        {0, "F", "KeyBlock version: must be A, B, C, D or E"},
        {0, "1", "KeyBlock version: 1 is a vendor's own format; "},
        {1, "001 ", "KeyBlock length: must be four decimal digits"},
        {1, "001A", "KeyBlock length: must be four decimal digits"},
        {1, "0017", "KeyBlock length: the header says 17, but the key block has 16 characters"},
        {1, "0015", "KeyBlock length: the header says 15, but the key block has 16 characters"},
        {5, "p", "KeyBlock key usage: must be two characters of 0-9 and A-Z"},
        {6, "-", "KeyBlock key usage: must be two characters of 0-9 and A-Z"},
        {7, "a", "KeyBlock algorithm: must be one of A, D, E, H, I, J, R, S, T"},
        {7, "Z", "KeyBlock algorithm: must be one of A, D, E, H, I, J, R, S, T"},
        {8, "A", "KeyBlock mode of use: must be one of B, C, D, E, G, N, S, T, V, X, Y"},
        {8, "0", "KeyBlock mode of use: must be one of B, C, D, E, G, N, S, T, V, X, Y"},
        {9, "d", "KeyBlock key version: must be two characters of 0-9 and A-Z, or c and one"},
        {10, "c", "KeyBlock key version: must be two characters of 0-9 and A-Z, or c and one"},
        {11, "X", "KeyBlock exportability: must be E, N or S"},
        {12, "0A", "KeyBlock number of optional blocks: must be two decimal digits"},
        {12, "01", "optional block 1: the key block ends before it"},
        {14, "3", "KeyBlock key context: must be 0, 1 or 2"},
        {15, "1", "KeyBlock reserved character: must be 0"},
        {4, "\x01", "KeyBlock: must be printable ASCII characters only"},
        {9, "\xC3", "KeyBlock: must be printable ASCII characters only"},
        {15, "\x7F", "KeyBlock: must be printable ASCII characters only"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kf_error err = {0};

        expect_refusal(parse_changed(cases[i].at, cases[i].text, &err), &err, cases[i].message);
    }
}
END_TEST

START_TEST(values_beyond_our_own_are_read)
{
    static const struct {
        size_t at;
        const char *text;
    } cases[] = {{0, "A"}, {0, "E"}, {7, "H"}, {7, "J"}, {8, "Y"}, {9, "c1"}, {9, "AZ"}, {14, "2"}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kf_error err = {0};

        ck_assert_msg(parse_changed(cases[i].at, cases[i].text, &err), "%s", err.message);
    }
}
END_TEST

START_TEST(iso_letters_need_an_aes_version)
{
    struct tr31_header header = sample_header();
    struct kf_error err = {0};

    header.version = 'B';
    header.algorithm = 'I';
    expect_refusal(tr31_header_check(&header, &err), &err,
                   "KeyBlock algorithm: I and J belong to versions D and E only");
}
END_TEST

START_TEST(length_is_bounded)
{
    static char text[TR31_KEYBLOCK_MAX + 2];
    struct tr31_header header;
    struct kf_error err = {0};
    size_t size;

    memset(text, 'A', sizeof text);
    expect_refusal(tr31_header_parse(text, TR31_KEYBLOCK_MAX + 1, &header, &size, &err), &err,
                   "KeyBlock length: 10000 characters; must be 16 to 9999");
    kf_error_clear(&err);
    expect_refusal(tr31_header_parse(text, 15, &header, &size, &err), &err,
                   "KeyBlock length: 15 characters; must be 16 to 9999");
    kf_error_clear(&err);
    expect_refusal(tr31_header_parse(text, 0, &header, &size, &err), &err, "KeyBlock length: 0 ");
}
END_TEST

START_TEST(versions_settle_sizes)
{
    ck_assert_uint_eq(tr31_version_find('A')->mac, 4);
    ck_assert_uint_eq(tr31_version_find('B')->mac, 8);
    ck_assert_uint_eq(tr31_version_find('C')->mac, 4);
    ck_assert_uint_eq(tr31_version_find('D')->mac, 16);
    ck_assert_uint_eq(tr31_version_find('B')->block, 8);
    ck_assert_uint_eq(tr31_version_find('D')->block, 16);
    ck_assert_uint_eq(tr31_version_find('E')->payload_block, 1);
    ck_assert_ptr_null(tr31_version_find('F'));
    ck_assert_ptr_null(tr31_version_find('\0'));
    ck_assert_int_eq(tr31_version_for(KEY_TDES_2KEY), 'B');
    ck_assert_int_eq(tr31_version_for(KEY_TDES_3KEY), 'B');
    ck_assert_int_eq(tr31_version_for(KEY_AES_128), 'D');
    ck_assert_int_eq(tr31_version_for(KEY_AES_256), 'D');
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        fields_are_where_the_standard_has_them,
        what_is_written_is_read,
        each_field_has_its_rule,
        values_beyond_our_own_are_read,
        iso_letters_need_an_aes_version,
        length_is_bounded,
        versions_settle_sizes,
    };

    return run_suite("header", tests, COUNT(tests));
}
