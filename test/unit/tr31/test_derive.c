/* SPDX-License-Identifier: Apache-2.0 */
/* Derivation inputs byte by byte, and CMAC subkeys against published examples. */
#include "test/unit/tr31/support.h"

#include <string.h>

#include "base/hex.h"
#include "tr31/derive.h"

static void expect_hex(const uint8_t *bytes, size_t len, const char *expected)
{
    char text[2 * TR31_DERIVATION_MAX + 1];

    hex_encode(bytes, len, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(subkeys_are_the_published_ones)
{
    static const struct {
        size_t block;
        const char *l, *k1, *k2;
    } cases[] = {
        /* RFC 4493, section 4 */
        {16, "7DF76B0C1AB899B33E42F047B91B546F", "FBEED618357133667C85E08F7236A8DE",
         "F7DDAC306AE266CCF90BC11EE46D513B"},
        /* SP 800-38B, D.4 */
        {8, "C8CC74E98A7329A2", "9198E9D314E6535F", "2331D3A629CCA6A5"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tr31_cmac_subkeys subkeys;
        uint8_t l[TR31_BLOCK_MAX];

        ck_assert(hex_decode(cases[i].l, cases[i].block, l));
        tr31_cmac_subkeys(l, cases[i].block, &subkeys);
        ck_assert_uint_eq(subkeys.block, cases[i].block);
        expect_hex(subkeys.k1, cases[i].block, cases[i].k1);
        expect_hex(subkeys.k2, cases[i].block, cases[i].k2);
    }
}
END_TEST

START_TEST(finish_touches_the_last_block_only)
{
    struct tr31_cmac_subkeys subkeys = {.block = 8, .k1 = {1, 2, 3, 4, 5, 6, 7, 8}};
    uint8_t data[24];

    memset(data, 0xF0, sizeof data);
    tr31_cmac_finish(&subkeys, data, sizeof data);
    expect_hex(data, sizeof data, "F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F1F2F3F4F5F6F7F8");
}
END_TEST

START_TEST(inputs_say_algorithm_and_bits)
{
    static const struct {
        enum key_algorithm kbpk;
        size_t count;
        const char *last_kbek, *first_kbmk;
    } cases[] = {
        {KEY_TDES_2KEY, 2, "0200000000000080", "0100010000000080"},
        {KEY_TDES_3KEY, 3, "03000000000100C0", "01000100000100C0"},
        {KEY_AES_128, 1, "0100000000020080", "0100010000020080"},
        {KEY_AES_192, 2, "02000000000300C0", "01000100000300C0"},
        {KEY_AES_256, 2, "0200000000040100", "0100010000040100"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t input[TR31_DERIVATION_INPUT], fixed[TR31_KDF_FIXED_INPUT];

        ck_assert_uint_eq(tr31_derivation_count(cases[i].kbpk), cases[i].count);
        tr31_derivation_input(cases[i].kbpk, TR31_KBEK, (unsigned)cases[i].count, input);
        expect_hex(input, sizeof input, cases[i].last_kbek);
        tr31_derivation_input(cases[i].kbpk, TR31_KBMK, 1, input);
        expect_hex(input, sizeof input, cases[i].first_kbmk);
        tr31_kdf_fixed_input(cases[i].kbpk, TR31_KBMK, fixed);
        expect_hex(fixed, sizeof fixed, cases[i].first_kbmk + 2);
    }
}
END_TEST

START_TEST(aes_data_are_padded_and_take_k2)
{
    struct tr31_cmac_subkeys subkeys = {.block = 16};
    uint8_t data[TR31_DERIVATION_MAX];

    memset(subkeys.k1, 0xEE, 16);
    memset(subkeys.k2, 0x11, 16);
    ck_assert_uint_eq(tr31_derivation_data(KEY_AES_256, TR31_KBEK, &subkeys, data), 32);
    expect_hex(data, 32, "1011111111151011911111111111111113111111111510119111111111111111");
    ck_assert_uint_eq(tr31_derivation_data(KEY_AES_128, TR31_KBMK, &subkeys, data), 16);
    expect_hex(data, 16, "10111011111311919111111111111111");
}
END_TEST

START_TEST(tdes_data_are_whole_blocks_and_take_k1)
{
    struct tr31_cmac_subkeys subkeys = {.block = 8};
    uint8_t data[TR31_DERIVATION_MAX];

    memset(subkeys.k1, 0x11, 8);
    memset(subkeys.k2, 0xEE, 8);
    ck_assert_uint_eq(tr31_derivation_data(KEY_TDES_3KEY, TR31_KBMK, &subkeys, data), 24);
    expect_hex(data, 24, "10111011111011D113111011111011D112111011111011D1");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        subkeys_are_the_published_ones,  finish_touches_the_last_block_only,
        inputs_say_algorithm_and_bits,   aes_data_are_padded_and_take_k2,
        tdes_data_are_whole_blocks_and_take_k1,
    };

    return run_suite("derive", tests, COUNT(tests));
}
