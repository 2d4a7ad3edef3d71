/* SPDX-License-Identifier: Apache-2.0 */
/* The KSN's rules and texts, and the published initial keys from the derivation data and the
 * ciphers of the self-test. */
#include "dukpt/ksn.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "p11/profile_reference.h"
#include "test/unit/tr31/support.h"

static struct dukpt_ksn parse(enum key_algorithm bdk, const char *text)
{
    struct kf_error err = {0};
    struct dukpt_ksn ksn;

    ck_assert_msg(dukpt_ksn_parse(bdk, text, &ksn, &err), "%s: %s", text, err.message);
    ck_assert_str_eq(ksn.text, text);
    ck_assert_int_eq(ksn.bdk, bdk);
    return ksn;
}

static void expect_data(enum key_algorithm bdk, const char *text, const char *expected)
{
    struct dukpt_ksn ksn = parse(bdk, text);
    uint8_t data[DUKPT_DATA_MAX];
    char hex[2 * DUKPT_DATA_MAX + 1];

    hex_encode(data, dukpt_derivation_data(&ksn, data), hex);
    ck_assert_str_eq(hex, expected);
}

START_TEST(the_tdes_register_is_without_21_bits)
{
    expect_data(KEY_TDES_2KEY, "FFFF9876543210E00000", "FFFF9876543210E0");
    expect_data(KEY_TDES_2KEY, "FFFFFFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFE0");
    expect_data(KEY_TDES_2KEY, "000000000000001FFFFF", "0000000000000000");
    expect_data(KEY_TDES_2KEY, "12345678901234560001", "1234567890123440");
    expect_data(KEY_TDES_2KEY, "12345678901234569999", "1234567890123440");
    expect_data(KEY_TDES_2KEY, "12345678901234760001", "1234567890123460");
}
END_TEST

START_TEST(aes_data_say_counter_algorithm_bits_and_id)
{
    expect_data(KEY_AES_128, "123456789012345600000001", "01018001000200801234567890123456");
    expect_data(KEY_AES_128, "1234567890123456FFFFFFFF", "01018001000200801234567890123456");
    expect_data(KEY_AES_128, "12345678901234FF00000000", "010180010002008012345678901234FF");
    expect_data(KEY_AES_192, "123456789012345600000000",
                "01018001000300C0123456789012345601028001000300C01234567890123456");
    expect_data(KEY_AES_256, "123456789012345600000000",
                "0101800100040100123456789012345601028001000401001234567890123456");
}
END_TEST

/* As the token does it: the right half of a TDES initial key comes of the BDK under X9.24-1's mask.
 */
static void derive(const struct dukpt_ksn *ksn, uint8_t *bdk, size_t len, uint8_t *out)
{
    uint8_t data[DUKPT_DATA_MAX];
    size_t data_len = dukpt_derivation_data(ksn, data);
    enum p11_cipher cipher = key_algorithm_is_aes(ksn->bdk) ? P11_AES : P11_TDES;

    ck_assert(reference_ecb(cipher, bdk, len, data, data_len, out));
    if (cipher == P11_AES)
        return;
    for (size_t i = 0; i < 16; i++)
        bdk[i] ^= i % 8 < 4 ? 0xC0 : 0;
    ck_assert(reference_ecb(cipher, bdk, len, data, data_len, out + data_len));
}

START_TEST(published_initial_keys)
{
    json_t *vectors = vectors_load("dukpt"), *vector;
    size_t i;

    ck_assert_uint_ge(json_array_size(vectors), 6);
    json_array_foreach(vectors, i, vector)
    {
        bool aes = strcmp(vector_text(vector, "kind"), "aes") == 0;
        uint8_t bdk[32], expected[32], got[DUKPT_DATA_MAX];
        size_t len = vector_bytes(vector, "bdk_hex", bdk, sizeof bdk);
        char text[25];
        struct dukpt_ksn ksn;

        /* some have the initial key's id only */
        snprintf(text, sizeof text, "%s%s", vector_text(vector, "ksn_hex"),
                 strlen(vector_text(vector, "ksn_hex")) == 16 ? "00000000" : "");
        ksn = parse(!aes        ? KEY_TDES_2KEY
                    : len == 16 ? KEY_AES_128
                    : len == 24 ? KEY_AES_192
                                : KEY_AES_256,
                    text);
        derive(&ksn, bdk, len, got);
        ck_assert_uint_eq(vector_bytes(vector, "ik_hex", expected, sizeof expected), len);
        ck_assert_msg(memcmp(got, expected, len) == 0, "%s", vector_text(vector, "name"));
    }
    json_decref(vectors);
}
END_TEST

START_TEST(malformed_serial_numbers_are_refused)
{
    static const struct {
        enum key_algorithm bdk;
        const char *text, *message;
    } cases[] = {
        {KEY_TDES_2KEY, NULL, "KeySerialNumber is required"},
        {KEY_TDES_2KEY, "",
         "KeySerialNumber: with a BDK of TDES_2KEY it has exactly 20 hex digits, "
         "and a shorter one is padded with F on the left."},
        {KEY_TDES_2KEY, "9876543210E00000", "KeySerialNumber: with a BDK of TDES_2KEY"},
        {KEY_TDES_2KEY, "FFFF9876543210E0000", "KeySerialNumber: with a BDK of TDES_2KEY"},
        {KEY_TDES_2KEY, "FFFF9876543210E0000000", "KeySerialNumber: with a BDK of TDES_2KEY"},
        {KEY_TDES_2KEY, "123456789012345600000001", "KeySerialNumber: with a BDK of TDES_2KEY"},
        {KEY_TDES_2KEY, "ffff9876543210e00000", "KeySerialNumber: hex digits are 0 to 9 and upper"},
        {KEY_TDES_2KEY, "FFFF9876543210E0000G", "KeySerialNumber: hex digits"},
        {KEY_TDES_2KEY, " FFF9876543210E00000", "KeySerialNumber: hex digits"},
        {KEY_AES_128, "12345678901234560001",
         "KeySerialNumber: with a BDK of AES_128 it has exactly 24 hex digits, 8 each of BDK id, "
         "derivation id and counter."},
        {KEY_AES_192, "1234567890123456", "KeySerialNumber: with a BDK of AES_192"},
        {KEY_AES_256, "1234567890123456000000011", "KeySerialNumber: with a BDK of AES_256"},
        {KEY_AES_256, "12345678901234560000000a", "KeySerialNumber: hex digits"},
        {KEY_TDES_3KEY, "FFFF9876543210E00000",
         "KeySerialNumber: DUKPT has no initial keys of TDES_3KEY"},
        {KEY_ALGORITHM_NONE, "FFFF9876543210E00000", "KeySerialNumber: DUKPT has no initial keys"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kf_error err = {0};
        struct dukpt_ksn ksn;

        expect_refusal(dukpt_ksn_parse(cases[i].bdk, cases[i].text, &ksn, &err), &err,
                       cases[i].message);
    }
}
END_TEST

START_TEST(optional_blocks_say_it_without_the_counter)
{
    static const struct {
        enum key_algorithm bdk;
        const char *ksn, *id, *text; /* NULL: there is no such block */
    } cases[] = {
        {KEY_TDES_2KEY, "FFFF9876543210E00008", "KS", "FFFF9876543210E00000"},
        {KEY_TDES_2KEY, "FFFF9876543210FFFFFF", "KS", "FFFF9876543210E00000"},
        {KEY_TDES_2KEY, "00ABCDEFABCD10E00008", "BI", "0000ABCDEFAB"},
        {KEY_TDES_2KEY, "FFFF9876543210E00008", "IK", NULL},
        {KEY_AES_128, "1234567890123456FFFFFFFF", "IK", "1234567890123456"},
        {KEY_AES_256, "12345678901234FF00000001", "IK", "12345678901234FF"},
        {KEY_AES_256, "1234567890123456FFFFFFFF", "BI", "0112345678"},
        {KEY_AES_256, "1234567890123456FFFFFFFF", "KS", NULL},
        {KEY_AES_256, "1234567890123456FFFFFFFF", "KP", NULL},
        {KEY_AES_256, "1234567890123456FFFFFFFF", "", NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dukpt_ksn ksn = parse(cases[i].bdk, cases[i].ksn);
        char out[DUKPT_BLOCK_MAX + 1] = "untouched";

        ck_assert_int_eq(dukpt_ksn_write_block(&ksn, cases[i].id, out), cases[i].text != NULL);
        ck_assert_str_eq(out, cases[i].text ? cases[i].text : "untouched");
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_tdes_register_is_without_21_bits,
        aes_data_say_counter_algorithm_bits_and_id,
        published_initial_keys,
        malformed_serial_numbers_are_refused,
        optional_blocks_say_it_without_the_counter,
    };

    return run_suite("ksn", tests, COUNT(tests));
}
