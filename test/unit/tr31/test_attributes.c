/* SPDX-License-Identifier: Apache-2.0 */
/* Key attributes against the tables of AWS's user guide, written out here a second time, by hand.
 * */
#include "test/unit/tr31/support.h"

#include <string.h>

#include "tr31/attributes.h"

static const enum key_algorithm all[] = {KEY_TDES_2KEY, KEY_TDES_3KEY, KEY_AES_128, KEY_AES_192,
                                         KEY_AES_256};

START_TEST(algorithms_have_their_sizes_and_names)
{
    static const struct {
        const char *name;
        size_t bytes, block;
        char letter;
    } expected[] = {{"TDES_2KEY", 16, 8, 'T'}, {"TDES_3KEY", 24, 8, 'T'}, {"AES_128", 16, 16, 'A'},
                    {"AES_192", 24, 16, 'A'}, {"AES_256", 32, 16, 'A'}};

    for (size_t i = 0; i < COUNT(all); i++) {
        ck_assert_str_eq(key_algorithm_name(all[i]), expected[i].name);
        ck_assert_int_eq(key_algorithm_from_name(expected[i].name), all[i]);
        ck_assert_uint_eq(key_algorithm_bytes(all[i]), expected[i].bytes);
        ck_assert_uint_eq(key_algorithm_block(all[i]), expected[i].block);
        ck_assert_int_eq(key_algorithm_letter(all[i]), expected[i].letter);
        ck_assert_int_eq(key_algorithm_is_aes(all[i]), expected[i].letter == 'A');
    }
    ck_assert_int_eq(key_algorithm_from_name("RSA_2048"), KEY_ALGORITHM_NONE);
    ck_assert_int_eq(key_algorithm_from_name(""), KEY_ALGORITHM_NONE);
    ck_assert_int_eq(key_algorithm_from_name(NULL), KEY_ALGORITHM_NONE);
    ck_assert_uint_eq(key_algorithm_bytes(KEY_ALGORITHM_NONE), 0);
    ck_assert_uint_eq(key_algorithm_bytes((enum key_algorithm)99), 0);
}
END_TEST

START_TEST(usages_go_both_ways)
{
    ck_assert_str_eq(key_usage_name("K1"), "TR31_K1_KEY_BLOCK_PROTECTION_KEY");
    ck_assert_str_eq(key_usage_from_name("TR31_K1_KEY_BLOCK_PROTECTION_KEY"), "K1");
    ck_assert_str_eq(key_usage_from_name("TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE"), "S0");
    ck_assert_ptr_null(key_usage_name("B1"));
    ck_assert_ptr_null(key_usage_name(NULL));
    ck_assert_ptr_null(key_usage_from_name("TR31_B1_INITIAL_KEY"));
    ck_assert_ptr_null(key_usage_from_name("K1"));
    ck_assert_ptr_null(key_usage_from_name(NULL));
}
END_TEST

START_TEST(every_usage_name_carries_its_code)
{
    static const char codes[] = "B0C0D0D1E0E1E2E4E5E6K0K1K2K3M0M1M3M6M7P0P1S0V1V2";

    for (const char *at = codes; *at; at += 2) {
        const char code[3] = {at[0], at[1], '\0'};
        const char *name = key_usage_name(code);

        ck_assert_msg(name != NULL, "%s", code);
        ck_assert_int_eq(strncmp(name, "TR31_", 5), 0);
        ck_assert_int_eq(strncmp(name + 5, code, 2), 0);
        ck_assert_int_eq(name[7], '_');
        ck_assert_str_eq(key_usage_from_name(name), code);
    }
}
END_TEST

START_TEST(mode_sets_have_one_letter_each)
{
    static const struct {
        char letter;
        struct key_modes modes; /* in the order of the struct: E D W U G S V DeriveKey N */
    } expected[] = {
        {'B', {1, 1, 1, 1, 0, 0, 0, 0, 0}}, {'E', {1, 0, 1, 0, 0, 0, 0, 0, 0}},
        {'D', {0, 1, 0, 1, 0, 0, 0, 0, 0}}, {'C', {0, 0, 0, 0, 1, 0, 1, 0, 0}},
        {'G', {0, 0, 0, 0, 1, 0, 0, 0, 0}}, {'V', {0, 0, 0, 0, 0, 0, 1, 0, 0}},
        {'S', {0, 0, 0, 0, 0, 1, 0, 0, 0}}, {'X', {0, 0, 0, 0, 0, 0, 0, 1, 0}},
        {'N', {0, 0, 0, 0, 0, 0, 0, 0, 1}},
    };
    size_t known = 0;

    for (size_t i = 0; i < COUNT(expected); i++) {
        struct key_modes modes;

        ck_assert_int_eq(key_modes_letter(&expected[i].modes), expected[i].letter);
        ck_assert(key_modes_from_letter(expected[i].letter, &modes));
        ck_assert_int_eq(key_modes_letter(&modes), expected[i].letter);
    }
    for (unsigned set = 0; set < 512; set++) {
        struct key_modes modes = {set & 1, set & 2, set & 4, set & 8, set & 16, set & 32, set & 64,
                                  set & 128, set & 256};

        known += key_modes_letter(&modes) != '\0';
    }
    ck_assert_uint_eq(known, COUNT(expected));
    ck_assert(!key_modes_from_letter('Y', &(struct key_modes){0}));
    ck_assert(!key_modes_from_letter('\0', &(struct key_modes){0}));
}
END_TEST

START_TEST(usage_algorithm_and_modes_follow_the_table)
{
    /* Usage, the last algorithm it takes of T2 T3 A1 A2 A3 (always from T2 on), modes. */
    static const struct {
        const char *usage;
        size_t algorithms;
        const char *modes;
    } rows[] = {
        {"B0", 5, "XN"},   {"C0", 5, "GVCN"}, {"D0", 5, "BEDN"}, {"E0", 5, "XN"},
        {"E1", 5, "XN"},   {"E2", 5, "XN"},   {"E4", 5, "XN"},   {"E5", 5, "XN"},
        {"E6", 5, "XN"},   {"K0", 5, "BEDN"}, {"K1", 5, "BEDN"}, {"M0", 2, "GVC"},
        {"M1", 2, "GVCN"}, {"M3", 2, "GVCN"}, {"M6", 5, "GVCN"}, {"M7", 5, "GVCN"},
        {"P0", 5, "BEDN"}, {"P1", 0, ""},     {"V1", 5, "GVCN"}, {"V2", 5, "GVCN"},
        {"D1", 0, ""},     {"S0", 0, ""},     {"K2", 0, ""},     {"K3", 0, ""},
    };
    static const char letters[] = "BCDEGNSTVXY";

    for (size_t r = 0; r < COUNT(rows); r++)
        for (size_t a = 0; a < COUNT(all); a++)
            for (const char *mode = letters; *mode; mode++) {
                struct kf_error err = {0};
                bool expected = a < rows[r].algorithms && strchr(rows[r].modes, *mode);

                ck_assert_msg(key_attributes_check(rows[r].usage, all[a], *mode, &err) == expected,
                              "%s %s %c", rows[r].usage, key_algorithm_name(all[a]), *mode);
                ck_assert_int_eq(err.status, expected ? KF_OK : KF_VALIDATION);
            }
}
END_TEST

START_TEST(refusals_name_the_member_and_what_is_allowed)
{
    struct {
        const char *usage;
        enum key_algorithm algorithm;
        char mode;
        const char *message;
    } cases[] = {
        {"K1", KEY_AES_128, 'X',
         "KeyModesOfUse: a TR31_K1_KEY_BLOCK_PROTECTION_KEY takes {Encrypt,Decrypt,Wrap,Unwrap}, "
         "{Encrypt,Wrap}, {Decrypt,Unwrap} or {NoRestrictions}"},
        {"K1", KEY_AES_128, '\0', "KeyModesOfUse: a TR31_K1_KEY_BLOCK_PROTECTION_KEY takes {E"},
        {"B0", KEY_AES_128, 'B',
         "KeyModesOfUse: a TR31_B0_BASE_DERIVATION_KEY takes {DeriveKey} or {NoRestrictions}"},
        {"M3", KEY_AES_256, 'G',
         "KeyAlgorithm: a TR31_M3_ISO_9797_3_MAC_KEY takes TDES_2KEY or TDES_3KEY"},
        {"P0", KEY_ALGORITHM_NONE, 'B',
         "KeyAlgorithm: a TR31_P0_PIN_ENCRYPTION_KEY takes TDES_2KEY, TDES_3KEY, AES_128, AES_192 "
         "or AES_256"},
        {"P1", KEY_TDES_2KEY, 'G',
         "KeyUsage: TR31_P1_PIN_GENERATION_KEY is not currently used; a symmetric key takes one of "
         "the TR31_ usages B0, C0, D0, E0, E1, E2, E4, E5, E6, K0, K1, M0, M1, M3, M6, M7, P0, V1 "
         "or V2"},
        {"S0", KEY_AES_128, 'S',
         "KeyUsage: TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE is for asymmetric keys; "},
        {"ZZ", KEY_AES_128, 'B', "KeyUsage: this usage is unknown; "},
        {NULL, KEY_AES_128, 'B', "KeyUsage: this usage is unknown; "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kf_error err = {0};

        expect_refusal(
            key_attributes_check(cases[i].usage, cases[i].algorithm, cases[i].mode, &err), &err,
            cases[i].message);
    }
}
END_TEST

START_TEST(strength_follows_the_table)
{
    /* Rows: wrapping T2 T3 A128 A192 A256; columns: wrapped, in the same order. */
    static const char *const allowed[] = {"x....", "xx...", "xxx..", "xxxx.", "xxxxx"};

    for (size_t i = 0; i < COUNT(all); i++) {
        for (size_t j = 0; j < COUNT(all); j++)
            ck_assert_msg(key_strength_allows(all[i], all[j]) == (allowed[i][j] == 'x'),
                          "%s under %s", key_algorithm_name(all[j]), key_algorithm_name(all[i]));
        ck_assert(!key_strength_allows(KEY_ALGORITHM_NONE, all[i]));
        ck_assert(!key_strength_allows(all[i], KEY_ALGORITHM_NONE));
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        algorithms_have_their_sizes_and_names,
        usages_go_both_ways,
        every_usage_name_carries_its_code,
        mode_sets_have_one_letter_each,
        usage_algorithm_and_modes_follow_the_table,
        refusals_name_the_member_and_what_is_allowed,
        strength_follows_the_table,
    };

    return run_suite("attributes", tests, COUNT(tests));
}
