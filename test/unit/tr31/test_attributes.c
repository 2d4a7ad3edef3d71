/* SPDX-License-Identifier: Apache-2.0 */
/* Key attributes against the tables of AWS's user guide, written out here a second time, by hand.
 * */
#include "test/unit/tr31/support.h"

#include <string.h>

#include "tr31/attributes.h"
#include "tr31/text.h"

static const enum key_algorithm all[] = {
    KEY_TDES_2KEY,   KEY_TDES_3KEY,   KEY_AES_128,     KEY_AES_192,     KEY_AES_256,
    KEY_HMAC_SHA224, KEY_HMAC_SHA256, KEY_HMAC_SHA384, KEY_HMAC_SHA512,
};
/* The first of these wrap keys. */
#define CIPHERS 5

START_TEST(algorithms_have_their_sizes_and_names)
{
    static const struct {
        const char *name;
        size_t bytes, block;
        char letter;
    } expected[] = {
        {"TDES_2KEY", 16, 8, 'T'},   {"TDES_3KEY", 24, 8, 'T'},   {"AES_128", 16, 16, 'A'},
        {"AES_192", 24, 16, 'A'},    {"AES_256", 32, 16, 'A'},    {"HMAC_SHA224", 28, 0, 'H'},
        {"HMAC_SHA256", 32, 0, 'H'}, {"HMAC_SHA384", 48, 0, 'H'}, {"HMAC_SHA512", 64, 0, 'H'}};

    for (size_t i = 0; i < COUNT(all); i++) {
        ck_assert_str_eq(key_algorithm_name(all[i]), expected[i].name);
        ck_assert_int_eq(key_algorithm_from_name(expected[i].name), all[i]);
        ck_assert_uint_eq(key_algorithm_bytes(all[i]), expected[i].bytes);
        ck_assert_uint_eq(key_algorithm_block(all[i]), expected[i].block);
        ck_assert_int_eq(key_algorithm_letter(all[i]), expected[i].letter);
        ck_assert_int_eq(key_algorithm_is_aes(all[i]), expected[i].letter == 'A');
        ck_assert_int_eq(key_algorithm_is_hmac(all[i]), expected[i].letter == 'H');
    }
    ck_assert_int_eq(key_algorithm_from_name("RSA_1024"), KEY_ALGORITHM_NONE);
    ck_assert_int_eq(key_algorithm_from_name(""), KEY_ALGORITHM_NONE);
    ck_assert_int_eq(key_algorithm_from_name(NULL), KEY_ALGORITHM_NONE);
    ck_assert_uint_eq(key_algorithm_bytes(KEY_ALGORITHM_NONE), 0);
    ck_assert_uint_eq(key_algorithm_bytes((enum key_algorithm)99), 0);
}
END_TEST

START_TEST(rsa_keys_have_their_sizes_and_classes)
{
    static const struct {
        enum key_algorithm algorithm;
        unsigned bits;
        const char *name;
    } rows[] = {{KEY_RSA_2048, 2048, "RSA_2048"},
                {KEY_RSA_3072, 3072, "RSA_3072"},
                {KEY_RSA_4096, 4096, "RSA_4096"}};
    enum key_class class;

    for (size_t i = 0; i < COUNT(rows); i++) {
        ck_assert_str_eq(key_algorithm_name(rows[i].algorithm), rows[i].name);
        ck_assert_int_eq(key_algorithm_from_name(rows[i].name), rows[i].algorithm);
        ck_assert_uint_eq(key_algorithm_rsa_bits(rows[i].algorithm), rows[i].bits);
        ck_assert_int_eq(key_algorithm_from_rsa_bits(rows[i].bits), rows[i].algorithm);
        ck_assert_uint_eq(key_algorithm_bytes(rows[i].algorithm), rows[i].bits / 8);
        ck_assert(key_algorithm_is_rsa(rows[i].algorithm));
    }
    ck_assert_int_eq(key_algorithm_from_rsa_bits(0), KEY_ALGORITHM_NONE);
    ck_assert_int_eq(key_algorithm_from_rsa_bits(1024), KEY_ALGORITHM_NONE);
    ck_assert(!key_algorithm_is_rsa(KEY_AES_256));
    for (enum key_class i = KEY_CLASS_SYMMETRIC; i <= KEY_CLASS_PUBLIC; i++) {
        ck_assert(key_class_from_name(key_class_name(i), &class));
        ck_assert_int_eq(class, i);
    }
    ck_assert(!key_class_from_name("PRIVATE_KEY", &class));
}
END_TEST

/* AWS's matrix, its columns of RSA. */
START_TEST(rsa_keys_wrap_what_is_no_stronger)
{
    static const struct {
        enum key_algorithm wrapped;
        bool under_2048, under_3072, under_4096;
    } rows[] = {
        {KEY_TDES_2KEY, true, true, true},   {KEY_TDES_3KEY, true, true, true},
        {KEY_AES_128, false, true, true},    {KEY_AES_192, false, false, false},
        {KEY_AES_256, false, false, false},  {KEY_HMAC_SHA256, false, false, false},
        {KEY_RSA_2048, false, false, false}, {KEY_ALGORITHM_NONE, false, false, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        ck_assert_int_eq(key_strength_allows_rsa(KEY_RSA_2048, rows[i].wrapped),
                         rows[i].under_2048);
        ck_assert_int_eq(key_strength_allows_rsa(KEY_RSA_3072, rows[i].wrapped),
                         rows[i].under_3072);
        ck_assert_int_eq(key_strength_allows_rsa(KEY_RSA_4096, rows[i].wrapped),
                         rows[i].under_4096);
        ck_assert(!key_strength_allows_rsa(KEY_AES_256, rows[i].wrapped));
    }
}
END_TEST

START_TEST(pairs_and_certificates_have_few_uses)
{
    static const struct {
        const char *usage, *refusal;
        enum key_algorithm algorithm;
        char mode;
        bool public;
    } rows[] = {
        {"S0", NULL, KEY_RSA_2048, 'S', false},
        {"K2", NULL, KEY_RSA_3072, 'E', false},
        {"K2", NULL, KEY_RSA_4096, 'D', false},
        {"S0", NULL, KEY_RSA_4096, 'V', true},
        {"S0", "KeyModesOfUse: ", KEY_RSA_2048, 'V', false},
        {"K2", "KeyModesOfUse: ", KEY_RSA_2048, 'B', false},
        {"K2", "KeyModesOfUse: ", KEY_RSA_2048, 'X', false},
        {"D1", "KeyUsage: ", KEY_RSA_2048, 'D', false},
        {"K1", "KeyUsage: ", KEY_RSA_2048, 'B', false},
        {"S0", "KeyAlgorithm: ", KEY_AES_128, 'S', false},
        {"S0", "KeyModesOfUse: ", KEY_RSA_2048, 'S', true},
        {"K2", "KeyUsage: ", KEY_RSA_2048, 'V', true},
        {"S0", "KeyAlgorithm: ", KEY_TDES_2KEY, 'V', true},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct kf_error err = {0};
        bool good = (rows[i].public ? key_attributes_check_public : key_attributes_check_pair)(
            rows[i].usage, rows[i].algorithm, rows[i].mode, &err);

        ck_assert_msg(good == !rows[i].refusal, "row %zu: %s", i, err.message);
        if (rows[i].refusal)
            ck_assert_msg(strncmp(err.message, rows[i].refusal, strlen(rows[i].refusal)) == 0,
                          "row %zu: %s", i, err.message);
    }
}
END_TEST

/* X9.143:2021 6.3.6.5: 20 to 23 are SHA-224 to SHA-512; what else is there names no key of ours. */
START_TEST(hashes_have_their_codes)
{
    static const char *const others[] = {"10", "24", "25", "30", "33", "40", "00", "  "};

    ck_assert_str_eq(key_algorithm_hash_code(KEY_HMAC_SHA224), "20");
    ck_assert_str_eq(key_algorithm_hash_code(KEY_HMAC_SHA256), "21");
    ck_assert_str_eq(key_algorithm_hash_code(KEY_HMAC_SHA384), "22");
    ck_assert_str_eq(key_algorithm_hash_code(KEY_HMAC_SHA512), "23");
    for (size_t i = 0; i < COUNT(all); i++) {
        const char *code = key_algorithm_hash_code(all[i]);

        ck_assert_int_eq(code != NULL, key_algorithm_is_hmac(all[i]));
        if (code)
            ck_assert_int_eq(key_algorithm_from_hash_code(code), all[i]);
    }
    for (size_t i = 0; i < COUNT(others); i++)
        ck_assert_int_eq(key_algorithm_from_hash_code(others[i]), KEY_ALGORITHM_NONE);
}
END_TEST

START_TEST(usages_go_both_ways)
{
    ck_assert_str_eq(key_usage_name("K1"), "TR31_K1_KEY_BLOCK_PROTECTION_KEY");
    ck_assert_str_eq(key_usage_from_name("TR31_K1_KEY_BLOCK_PROTECTION_KEY"), "K1");
    ck_assert_str_eq(key_usage_from_name("TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE"), "S0");
    ck_assert_str_eq(key_usage_name("B1"), "TR31_B1_DUKPT_INITIAL_KEY");
    ck_assert_ptr_null(key_usage_name("E7"));
    ck_assert_ptr_null(key_usage_name(NULL));
    ck_assert_ptr_null(key_usage_from_name("TR31_B1_INITIAL_KEY"));
    ck_assert_ptr_null(key_usage_from_name("K1"));
    ck_assert_ptr_null(key_usage_from_name(NULL));
}
END_TEST

START_TEST(every_usage_name_carries_its_code)
{
    static const char codes[] =
        "B0B1B2B3C0D0D1D2D3E0E1E2E3E4E5E6F0F1F2F4I0K0K1K2K3K4M0M1M2M3M4M5M6M7M8P0P1S0V0V1V2V3V4V5";

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
        struct key_modes modes = {set & 1,  set & 2,  set & 4,   set & 8,  set & 16,
                                  set & 32, set & 64, set & 128, set & 256};

        known += key_modes_letter(&modes) != '\0';
    }
    ck_assert_uint_eq(known, COUNT(expected));
    ck_assert(!key_modes_from_letter('Y', &(struct key_modes){0}));
    ck_assert(!key_modes_from_letter('\0', &(struct key_modes){0}));
}
END_TEST

/* Usage, the last algorithm it takes of T2 T3 A1 A2 A3 and the HMACs (always from T2 on), modes. */
struct table_row {
    const char *usage;
    size_t algorithms;
    const char *modes;
};

/* AWS's user guide, "Understanding key attributes". */
static const struct table_row created[] = {
    {"B0", 5, "XN"},   {"C0", 5, "GVCN"}, {"D0", 5, "BEDN"}, {"E0", 5, "XN"},   {"E1", 5, "XN"},
    {"E2", 5, "XN"},   {"E4", 5, "XN"},   {"E5", 5, "XN"},   {"E6", 5, "XN"},   {"K0", 5, "BEDN"},
    {"K1", 5, "BEDN"}, {"M0", 2, "GVC"},  {"M1", 2, "GVCN"}, {"M3", 2, "GVCN"}, {"M6", 5, "GVCN"},
    {"M7", 9, "GVCN"}, {"P0", 5, "BEDN"}, {"V1", 5, "GVCN"}, {"V2", 5, "GVCN"},
};
/* X9.143's others. */
static const struct table_row import_only[] = {
    {"B1", 5, "XN"},   {"B2", 5, "XN"},   {"B3", 9, "XN"},   {"D2", 5, "BEDN"}, {"D3", 5, "BEDN"},
    {"E3", 5, "XN"},   {"F0", 5, "XN"},   {"F1", 5, "XN"},   {"F2", 5, "XN"},   {"F4", 5, "XN"},
    {"I0", 5, "N"},    {"K4", 5, "BEDN"}, {"M2", 5, "GVCN"}, {"M4", 5, "GVCN"}, {"M5", 5, "GVCN"},
    {"M8", 5, "GVCN"}, {"P1", 5, "GVCN"}, {"V0", 5, "GVCN"}, {"V3", 5, "GVCN"}, {"V4", 5, "GVCN"},
    {"V5", 5, "GVCN"},
};

static const struct table_row *find_row(const struct table_row *rows, size_t count,
                                        const char *usage)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].usage, usage) == 0)
            return &rows[i];
    return NULL;
}

typedef bool (*attributes_check)(const char *usage, enum key_algorithm algorithm, char mode,
                                 struct kf_error *err);

static void expect_cell(attributes_check check, const struct table_row *row, const char *usage,
                        enum key_algorithm algorithm, size_t index, char mode)
{
    struct kf_error err = {0};
    bool expected =
        row && index < row->algorithms && mode != '\0' && strchr(row->modes, mode) != NULL;

    /* A check that holds is not told: there are hundreds of thousands. */
    if (check(usage, algorithm, mode, &err) != expected ||
        err.status != (expected ? KF_OK : KF_VALIDATION))
        ck_abort_msg("%s %s %c: %s", usage, key_algorithm_name(algorithm), mode, err.message);
}

static void expect_table(const struct table_row *rows, size_t count, bool create)
{
    for (size_t r = 0; r < count; r++)
        for (size_t a = 0; a < COUNT(all); a++)
            for (unsigned set = 0; set < 512; set++) {
                struct key_modes modes = {set & 1,  set & 2,  set & 4,   set & 8,  set & 16,
                                          set & 32, set & 64, set & 128, set & 256};
                char mode = key_modes_letter(&modes);

                expect_cell(key_attributes_check, create ? &rows[r] : NULL, rows[r].usage, all[a],
                            a, mode);
                expect_cell(key_attributes_check_import, &rows[r], rows[r].usage, all[a], a, mode);
            }
}

/* Every cell there can be, with each set of the nine modes, most of which are no letter. */
START_TEST(usage_algorithm_and_modes_follow_the_table)
{
    expect_table(created, COUNT(created), true);
    expect_table(import_only, COUNT(import_only), false);
}
END_TEST

START_TEST(other_usages_are_refused)
{
    static const char characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t width = sizeof characters - 1;

    for (size_t u = 0; u < width * width; u++) {
        const char usage[3] = {characters[u / width], characters[u % width], '\0'};

        if (find_row(created, COUNT(created), usage) ||
            find_row(import_only, COUNT(import_only), usage))
            continue;
        for (size_t a = 0; a < COUNT(all); a++)
            for (const char *mode = "BCDEGNSTVXY"; *mode; mode++) {
                expect_cell(key_attributes_check, NULL, usage, all[a], a, *mode);
                expect_cell(key_attributes_check_import, NULL, usage, all[a], a, *mode);
            }
    }
}
END_TEST

/* Letters of a header that no set of modes has. */
START_TEST(modes_without_a_set_are_refused)
{
    for (size_t i = 0; i < COUNT(created); i++)
        for (const char *mode = "TY"; *mode; mode++) {
            expect_cell(key_attributes_check_import, &created[i], created[i].usage, KEY_TDES_2KEY,
                        0, *mode);
            expect_cell(key_attributes_check, &created[i], created[i].usage, KEY_TDES_2KEY, 0,
                        *mode);
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
         "KeyUsage: TR31_P1_PIN_GENERATION_KEY comes in key blocks only and cannot be created; a "
         "symmetric key takes one of the TR31_ usages B0, C0, D0, E0, E1, E2, E4, E5, E6, K0, K1, "
         "M0, M1, M3, M6, M7, P0, V1 "
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

/* Which modes a key of each usage and mode may leave with, of all the letters there are. */
START_TEST(modes_only_get_narrower)
{
    static const struct {
        const char *usage;
        char own;
        const char *allowed;
    } cases[] = {
        {"K1", 'B', "BED"}, {"K0", 'E', "E"},   {"P0", 'D', "D"},   {"D0", 'N', "BEDN"},
        {"C0", 'C', "CGV"}, {"M6", 'G', "G"},   {"V2", 'V', "V"},   {"M7", 'N', "CGVN"},
        {"M0", 'C', "CGV"}, {"B0", 'X', "X"},   {"B0", 'N', "XN"},  {"E0", 'N', "XN"},
        {"B1", 'X', "X"},   {"D3", 'B', "BED"}, {"V5", 'C', "CGV"}, {"I0", 'N', "N"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        for (const char *asked = TR31_MODES; *asked; asked++) {
            struct kf_error err = {0};
            bool good = key_modes_check_narrower(cases[i].usage, cases[i].own, *asked, &err);

            ck_assert_msg(good == (strchr(cases[i].allowed, *asked) != NULL), "%s %c as %c: %s",
                          cases[i].usage, cases[i].own, *asked, err.message);
            ck_assert_int_eq(err.status, good ? KF_OK : KF_VALIDATION);
        }
}
END_TEST

START_TEST(a_widening_is_refused_with_both_sets)
{
    static const struct {
        const char *usage;
        char own, asked;
        const char *message;
    } cases[] = {
        {"M6", 'G', 'C',
         "KeyModesOfUse: {Generate,Verify} is not within the key's own {Generate}; modes can be "
         "narrowed only, so it may leave with {Generate}"},
        {"K1", 'B', 'N',
         "KeyModesOfUse: {NoRestrictions} is not within the key's own "
         "{Encrypt,Decrypt,Wrap,Unwrap}; modes can be narrowed only, so it may leave with "
         "{Encrypt,Decrypt,Wrap,Unwrap}, {Encrypt,Wrap} or {Decrypt,Unwrap}"},
        {"B0", 'N', 'B',
         "KeyModesOfUse: {Encrypt,Decrypt,Wrap,Unwrap} is not within the key's own "
         "{NoRestrictions}; modes can be narrowed only, so it may leave with {DeriveKey} or "
         "{NoRestrictions}"},
        {"C0", 'C', '\0',
         "KeyModesOfUse: no key block can say this set; of its own {Generate,Verify} the key may "
         "leave with {Generate}, {Verify} or {Generate,Verify}"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kf_error err = {0};

        expect_refusal(key_modes_check_narrower(cases[i].usage, cases[i].own, cases[i].asked, &err),
                       &err, cases[i].message);
    }
}
END_TEST

START_TEST(strength_follows_the_table)
{
    /* Rows: wrapping T2 T3 A128 A192 A256; columns: wrapped, in the same order. */
    static const char *const allowed[] = {"x....", "xx...", "xxx..", "xxxx.", "xxxxx"};

    for (size_t i = 0; i < CIPHERS; i++) {
        for (size_t j = 0; j < CIPHERS; j++)
            ck_assert_msg(key_strength_allows(all[i], all[j], 0) == (allowed[i][j] == 'x'),
                          "%s under %s", key_algorithm_name(all[j]), key_algorithm_name(all[i]));
        ck_assert(!key_strength_allows(KEY_ALGORITHM_NONE, all[i], 0));
        ck_assert(!key_strength_allows(all[i], KEY_ALGORITHM_NONE, 0));
    }
}
END_TEST

/* An HMAC key goes by its length: 128, 192, 256 bits and more. No HMAC key wraps anything. */
START_TEST(strength_of_hmac_keys_is_their_length)
{
    for (size_t bytes = KEY_HMAC_BYTES_MIN; bytes <= KEY_HMAC_BYTES_MAX; bytes++)
        for (size_t j = CIPHERS; j < COUNT(all); j++) {
            ck_assert(!key_strength_allows(KEY_TDES_2KEY, all[j], bytes));
            ck_assert(!key_strength_allows(KEY_TDES_3KEY, all[j], bytes));
            ck_assert_int_eq(key_strength_allows(KEY_AES_128, all[j], bytes), bytes <= 16);
            ck_assert_int_eq(key_strength_allows(KEY_AES_192, all[j], bytes), bytes <= 24);
            ck_assert(key_strength_allows(KEY_AES_256, all[j], bytes));
        }
    for (size_t i = CIPHERS; i < COUNT(all); i++)
        for (size_t j = 0; j < COUNT(all); j++)
            ck_assert(!key_strength_allows(all[i], all[j], key_algorithm_bytes(all[j])));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        algorithms_have_their_sizes_and_names,
        hashes_have_their_codes,
        usages_go_both_ways,
        every_usage_name_carries_its_code,
        mode_sets_have_one_letter_each,
        usage_algorithm_and_modes_follow_the_table,
        other_usages_are_refused,
        modes_without_a_set_are_refused,
        refusals_name_the_member_and_what_is_allowed,
        modes_only_get_narrower,
        a_widening_is_refused_with_both_sets,
        strength_follows_the_table,
        strength_of_hmac_keys_is_their_length,
        rsa_keys_have_their_sizes_and_classes,
        rsa_keys_wrap_what_is_no_stronger,
        pairs_and_certificates_have_few_uses,
    };

    return run_suite("attributes", tests, COUNT(tests));
}
