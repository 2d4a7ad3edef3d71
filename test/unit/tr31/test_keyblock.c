/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts, whole blocks taken apart and put together again, and a parser that nothing upsets. */
#include "test/unit/tr31/support.h"

#include <stdlib.h>
#include <string.h>

#include "tr31/text.h"

#define MUTATIONS 2000

START_TEST(layouts_have_the_published_sizes)
{
    static const struct {
        char version, algorithm;
        size_t key_len;
        bool hide;
        size_t total, payload, padding;
        bool last_is_padding;
    } cases[] = {
        {'B', 'T', 16, true, 96, 32, 14, true},   {'B', 'T', 24, true, 96, 32, 6, false},
        {'B', 'T', 16, false, 80, 24, 6, false},  {'B', 'T', 24, false, 96, 32, 6, false},
        {'D', 'T', 16, true, 112, 32, 14, false}, {'D', 'T', 24, true, 112, 32, 6, false},
        {'D', 'A', 16, true, 144, 48, 30, true},  {'D', 'A', 24, true, 144, 48, 22, true},
        {'D', 'A', 32, true, 144, 48, 14, false}, {'D', 'A', 16, false, 112, 32, 14, false},
        {'D', 'A', 24, false, 112, 32, 6, false}, {'D', 'A', 32, false, 144, 48, 14, false},
        {'D', 'H', 64, true, 208, 80, 14, false}, {'B', 'A', 16, true, 112, 40, 22, true},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tr31_header header = sample_header();
        struct tr31_layout layout;
        struct kf_error err = {0};

        header.version = cases[i].version;
        header.algorithm = cases[i].algorithm;
        ck_assert(tr31_layout_make(&header, cases[i].key_len, cases[i].hide, &layout, &err));
        ck_assert_uint_eq(layout.total_size, cases[i].total);
        ck_assert_uint_eq(layout.payload_len, cases[i].payload);
        ck_assert_uint_eq(layout.padding_len, cases[i].padding);
        ck_assert_uint_eq(layout.header_size, TR31_HEADER_SIZE);
        ck_assert_uint_eq(layout.pb_size, 0);
        ck_assert_uint_eq(layout.filler_len, 0);
        ck_assert_int_eq(layout.last_block_is_padding, cases[i].last_is_padding);
    }
}
END_TEST

START_TEST(padding_block_enters_the_layout_and_the_text)
{
    struct tr31_header header = sample_header();
    const uint8_t filler[TR31_FILLER_MAX] = {0}, ciphertext[48] = {0xAB}, mac[16] = {0xCD};
    struct tr31_layout layout;
    struct tr31_keyblock block;
    struct kf_error err = {0};
    char text[64], whole[256], in_place[256];

    ck_assert(tr31_optblocks_add(&header.optional, "LB", "nine char", 9, &err));
    ck_assert(tr31_layout_make(&header, 16, true, &layout, &err));
    ck_assert_uint_eq(layout.pb_size, 19);
    ck_assert_uint_eq(layout.filler_len, TR31_FILLER_MAX);
    ck_assert_uint_eq(layout.header_size, 48);
    ck_assert_uint_eq(layout.total_size, 176);
    tr31_layout_header(&header, &layout, filler, text);
    ck_assert_str_eq(text, "D0176P0AE00E0200LB0Dnine charPB13000000000000000");
    tr31_keyblock_write(&layout, text, ciphertext, mac, whole);
    ck_assert_uint_eq(strlen(whole), layout.total_size);
    /* The header may stand in the output already. */
    memcpy(in_place, text, sizeof text);
    tr31_keyblock_write(&layout, in_place, ciphertext, mac, in_place);
    ck_assert_str_eq(in_place, whole);
    ck_assert(tr31_keyblock_parse(whole, strlen(whole), &block, &err));
    ck_assert_uint_eq(block.header_size, layout.header_size);
    ck_assert_uint_eq(block.ciphertext_len, sizeof ciphertext);
    ck_assert_mem_eq(block.ciphertext, ciphertext, sizeof ciphertext);
    ck_assert_uint_eq(block.mac_len, sizeof mac);
    ck_assert_mem_eq(block.mac, mac, sizeof mac);
}
END_TEST

START_TEST(layout_refuses_what_does_not_fit)
{
    static char data[9900];
    struct tr31_header header = sample_header();
    struct tr31_layout layout;
    struct kf_error err = {0};

    header.mode = 'A';
    expect_refusal(tr31_layout_make(&header, 16, true, &layout, &err), &err,
                   "KeyBlock mode of use: ");
    header = sample_header();
    kf_error_clear(&err);
    memset(data, 'x', sizeof data);
    ck_assert(tr31_optblocks_add(&header.optional, "LB", data, sizeof data, &err));
    expect_refusal(tr31_layout_make(&header, 16, true, &layout, &err), &err,
                   "optional blocks: the key block would have 10064 characters; it may have 9999");
    header = sample_header();
    kf_error_clear(&err);
    for (int i = 0; i < TR31_OPTBLOCKS_MAX; i++) {
        char id[3] = {(char)('0' + i / 10), (char)('0' + i % 10), '\0'};

        ck_assert(tr31_optblocks_add(&header.optional, id, "", 0, &err));
    }
    expect_refusal(tr31_layout_make(&header, 16, true, &layout, &err), &err,
                   "optional blocks: a key block holds at most 99, padding block included");
}
END_TEST

START_TEST(prefix_is_the_length_in_bits)
{
    static const struct {
        size_t len;
        uint8_t prefix[TR31_PAYLOAD_PREFIX];
    } cases[] = {{16, {0x00, 0x80}}, {24, {0x00, 0xC0}}, {32, {0x01, 0x00}}, {64, {0x02, 0x00}}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t prefix[TR31_PAYLOAD_PREFIX];

        tr31_payload_prefix(cases[i].len, prefix);
        ck_assert_mem_eq(prefix, cases[i].prefix, sizeof prefix);
    }
}
END_TEST

static void expect_field(const json_t *header, const char *member, const char *text, size_t len)
{
    const char *expected = vector_text(header, member);

    ck_assert_uint_eq(strlen(expected), len);
    ck_assert_mem_eq(expected, text, len);
}

static void expect_header(const json_t *expected, const struct tr31_header *header)
{
    const json_t *blocks = json_object_get(expected, "optblocks");

    expect_field(expected, "version", &header->version, 1);
    expect_field(expected, "usage", header->usage, 2);
    expect_field(expected, "algorithm", &header->algorithm, 1);
    expect_field(expected, "mode", &header->mode, 1);
    expect_field(expected, "keyversion", header->key_version, 2);
    expect_field(expected, "exportability", &header->exportability, 1);
    ck_assert_uint_eq(json_array_size(blocks), header->optional.count);
    for (size_t i = 0; i < header->optional.count; i++) {
        const struct tr31_optblock *block = &header->optional.list[i];
        const json_t *pair = json_array_get(blocks, i);
        const char *data = json_string_value(json_array_get(pair, 1));

        ck_assert_str_eq(json_string_value(json_array_get(pair, 0)), block->id);
        ck_assert_uint_eq(strlen(data), block->len);
        ck_assert_mem_eq(data, block->data, block->len);
    }
}

static void take_apart(const json_t *vector, const char *text, bool parsed,
                       const struct tr31_keyblock *block, const struct kf_error *err)
{
    char *again;

    ck_assert_msg(parsed, "%s: %s", vector_text(vector, "name"), err->message);
    expect_header(json_object_get(vector, "expected_header"), &block->header);
    again = rewrite(block);
    ck_assert_str_eq(again, text);
    free(again);
}

START_TEST(published_blocks_are_taken_apart_and_put_together)
{
    each_block("accept", 40, take_apart);
}
END_TEST

static void expect_reason(const json_t *vector, const char *text, bool parsed,
                          const struct tr31_keyblock *block, const struct kf_error *err)
{
    /* NULL: only the KBPK, the MAC or the decrypted payload can tell. */
    static const struct {
        const char *reason, *message;
    } reasons[] = {
        {"OPT_DATA", "optional block BI: its data must be 00 and 10 hex digits"},
        {"RESERVED", "KeyBlock key context: must be 0, 1 or 2"},
        {"VERSION", "KeyBlock version: must be A, B, C, D or E"},
        {"PAYLOAD", "KeyBlock length: 0 characters follow the header; version D has a "
                    "ciphertext of one or more times 32, and 32 of MAC"},
        {"OPT_DUP", "optional block KS: may be there only once"},
        {"LENGTH", "optional blocks: their "},
        {"LENGTH_FIELD", "KeyBlock length: the header says 160, but the key block has 144"},
        {"OPT_LEN", "optional block LB: an extended length must be 0004"},
        {"CHARSET", "KeyBlock: must be printable ASCII characters only"},
        {"KBPK_LENGTH", NULL},
        {"MAC", NULL},
        {"KEY_LENGTH", NULL},
    };
    size_t i = 0;

    (void)text;
    (void)block;
    while (strcmp(reasons[i].reason, vector_text(vector, "reason")) != 0)
        ck_assert_uint_lt(++i, COUNT(reasons));
    if (reasons[i].message)
        expect_refusal(parsed, err, reasons[i].message);
    else
        ck_assert_msg(parsed, "%s", err->message);
}

START_TEST(malformed_blocks_are_refused_for_the_reason_given)
{
    each_block("reject", 15, expect_reason);
}
END_TEST

START_TEST(hex_parts_must_be_upper_case_hex)
{
    static const char good[] =
        "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E";
    static const struct {
        size_t at;
        const char *text, *message;
    } cases[] = {
        {16, "g", "KeyBlock ciphertext: must be upper-case hex digits"},
        {18, "b", "KeyBlock ciphertext: must be upper-case hex digits"},
        {63, " ", "KeyBlock ciphertext: must be upper-case hex digits"},
        {64, "e", "KeyBlock MAC: must be upper-case hex digits"},
        {79, "x", "KeyBlock MAC: must be upper-case hex digits"},
        {0, "D0080P0TE00E0100LB10Twelve chars",
         "KeyBlock length: 48 characters follow the header; "},
        {0, "1", "KeyBlock version: 1 is a vendor's own format; must be A, B, C, D or E"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[sizeof good];
        struct tr31_keyblock block;
        struct kf_error err = {0};

        memcpy(text, good, sizeof good);
        memcpy(text + cases[i].at, cases[i].text, strlen(cases[i].text));
        expect_refusal(tr31_keyblock_parse(text, strlen(text), &block, &err), &err,
                       cases[i].message);
    }
}
END_TEST

START_TEST(a_block_without_ciphertext_is_refused)
{
    static const char *const blocks[] = {
        "A0024P0TE00E0000" "00112233",
        "B0032P0TE00E0000" "0011223344556677",
        "D0048P0AE00E0000" "00112233445566778899AABBCCDDEEFF",
        "E0048P0AE00E0000" "00112233445566778899AABBCCDDEEFF",
    };

    for (size_t i = 0; i < COUNT(blocks); i++) {
        struct tr31_keyblock block;
        struct kf_error err = {0};

        expect_refusal(tr31_keyblock_parse(blocks[i], strlen(blocks[i]), &block, &err), &err,
                       "KeyBlock length: ");
    }
}
END_TEST

/* Numerical Recipes' generator: the same mutations on every machine. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Changes, inserts or removes characters; text has room for eight more. Half of the time the length
 * field is set right again, so that the rules behind it are reached. */
static size_t mutate(char *text, size_t len, uint32_t *state)
{
    static const char likely[] = "0123456789ABCDEFKSPBTHMX";

    for (uint32_t times = 1 + next_random(state) % 4; times > 0; times--) {
        size_t at = next_random(state) % (next_random(state) % 2 ? len : len < 48 ? len : 48);
        char c = next_random(state) % 8 ? likely[next_random(state) % (sizeof likely - 1)]
                                        : (char)next_random(state);

        switch (next_random(state) % 4) {
        case 0:
            memmove(text + at + 1, text + at, len++ - at);
            text[at] = c;
            break;
        case 1:
            if (len > 1)
                memmove(text + at, text + at + 1, --len - at);
            break;
        default:
            text[at] = c;
        }
    }
    if (len >= 5 && next_random(state) % 2)
        for (size_t i = 0, rest = len; i < 4; i++, rest /= 10)
            text[4 - i] = (char)('0' + rest % 10);
    return len;
}

/* What the parser accepts says its true length and is written again as it was read. */
static bool parse_mutated(const char *text, size_t len)
{
    struct tr31_keyblock block;
    char *exact = malloc(len); /* exact, so that reading behind it is seen */
    struct kf_error err = {0};
    bool parsed;

    ck_assert(exact != NULL);
    memcpy(exact, text, len);
    parsed = tr31_keyblock_parse(exact, len, &block, &err);
    if (parsed) {
        const char digits[5] = {exact[1], exact[2], exact[3], exact[4], '\0'};
        char *again = rewrite(&block);

        ck_assert_uint_eq(strtoul(digits, NULL, 10), len);
        ck_assert_uint_eq(strlen(again), len);
        ck_assert_mem_eq(again, exact, len);
        free(again);
    } else {
        ck_assert_int_eq(err.status, KF_VALIDATION);
        ck_assert(tr31_is_printable(err.message, strlen(err.message)));
    }
    free(exact);
    return parsed;
}

START_TEST(mutated_blocks_upset_nothing)
{
    json_t *vectors = vectors_load("vectors"), *vector;
    uint32_t state = 20318;
    size_t index, accepted = 0, refused = 0;

    json_array_foreach(vectors, index, vector) {
        const char *original = vector_text(vector, "block");
        size_t len = strlen(original);
        char *text = malloc(len + 8);

        ck_assert(text != NULL);
        for (int i = 0; i < MUTATIONS; i++) {
            memcpy(text, original, len);
            if (parse_mutated(text, mutate(text, len, &state)))
                accepted++;
            else
                refused++;
        }
        free(text);
    }
    /* Both ways out are taken often, or the mutations test nothing. */
    ck_assert_uint_ge(accepted, 1000);
    ck_assert_uint_ge(refused, 10000);
    json_decref(vectors);
}
END_TEST

START_TEST(no_truncation_is_accepted)
{
    json_t *vectors = vectors_load("vectors"), *vector;
    size_t index;

    json_array_foreach(vectors, index, vector) {
        const char *text = vector_text(vector, "block");

        for (size_t len = strlen(text) - 1; len > 0; len--)
            ck_assert(!parse_mutated(text, len));
    }
    json_decref(vectors);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        layouts_have_the_published_sizes,
        padding_block_enters_the_layout_and_the_text,
        layout_refuses_what_does_not_fit,
        prefix_is_the_length_in_bits,
        published_blocks_are_taken_apart_and_put_together,
        malformed_blocks_are_refused_for_the_reason_given,
        hex_parts_must_be_upper_case_hex,
        a_block_without_ciphertext_is_refused,
        mutated_blocks_upset_nothing,
        no_truncation_is_accepted,
    };

    return run_suite("keyblock", tests, COUNT(tests));
}
