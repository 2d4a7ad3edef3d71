/* SPDX-License-Identifier: Apache-2.0 */
/* No bytes upset the parser, and what it accepts is what was written; then the frames that a
 * ciphertext may hold. */
#include "test/unit/tr34/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The token that the library would write of what it parsed; false where the bytes differ from those
 * that came in. */
static bool same_again(const struct tr34_received *received, const uint8_t *bytes, size_t len)
{
    uint8_t out[TR34_TOKEN_MAX], octets[TR34_ENVELOPE_MAX];
    struct tr34_token token = received->token;
    struct kf_error err = {0};
    size_t again;

    if (received->layout == TR34_AWS2012)
        token.crl.len = 0;
    if (!tr34_envelope_write(received->layout, &received->envelope, "F", octets,
                             &token.envelope.len, &err))
        return false;
    token.envelope.bytes = octets;
    if (!tr34_token_write(received->layout, &token, "F", out, &again, &err))
        return false;
    return again == len && memcmp(out, bytes, len) == 0;
}

/* Every byte changed to every third value. What is accepted differs in values only: written again
 * from what was parsed, it is the same, but for the two names of one signature algorithm. */
static void mutate_all(enum tr34_layout layout, size_t *accepted, size_t *refused)
{
    char text[TEXT_MAX];
    struct der_view sample;
    uint8_t *bytes;

    sample_text(layout, text);
    sample = expand_exact(text);
    bytes = (uint8_t *)sample.bytes;
    for (size_t at = 0; at < sample.len; at++)
        for (unsigned change = 1; change < 256; change += 3) {
            struct tr34_received received;
            struct kf_error err = {0};

            bytes[at] ^= (uint8_t)change;
            if (tr34_token_parse("WrappedKeyBlock", sample, &received, &err)) {
                bool renamed =
                    change == (0x01 ^ 0x0B) && bytes[at - 1] == 0x01 && bytes[at + 1] == 0x05;

                if ((!renamed && !same_again(&received, bytes, sample.len)) ||
                    received.layout != layout)
                    ck_abort_msg("byte %zu changed by %02X is accepted", at, change);
                ++*accepted;
            } else {
                if (err.status != KF_VALIDATION ||
                    strstr(err.message, "WrappedKeyBlock: ") != err.message)
                    ck_abort_msg("%s", err.message);
                ++*refused;
            }
            bytes[at] ^= (uint8_t)change;
        }
    free(bytes);
}

START_TEST(no_changed_byte_upsets_the_parser)
{
    size_t accepted = 0, refused = 0;

    for (int layout = 0; layout < TR34_LAYOUT_COUNT; layout++)
        mutate_all((enum tr34_layout)layout, &accepted, &refused);
    ck_assert_uint_gt(accepted, 20000);
    ck_assert_uint_gt(refused, 20000);
}
END_TEST

START_TEST(no_truncation_is_accepted)
{
    for (int layout = 0; layout < TR34_LAYOUT_COUNT; layout++) {
        char text[TEXT_MAX];
        struct der_view whole;

        sample_text((enum tr34_layout)layout, text);
        whole = expand_exact(text);
        for (size_t len = 0; len < whole.len; len++) {
            uint8_t *exact = malloc(len ? len : 1);
            struct tr34_received received;
            struct kf_error err = {0};

            ck_assert_ptr_nonnull(exact);
            memcpy(exact, whole.bytes, len);
            ck_assert(!tr34_token_parse("D", (struct der_view){exact, len}, &received, &err));
            ck_assert_int_eq(err.status, KF_VALIDATION);
            free(exact);
        }
        free((void *)whole.bytes);
    }
}
END_TEST

/* The candidates of a token whose ciphertext has that length: "v" version, "h" or "b" for the
 * header's form, key length. */
static void expect_candidates(enum tr34_cipher cipher, size_t len, const char *expected)
{
    struct der_view header = expand_exact(HEADER), signer = expand_exact(KDH);
    struct tr34_received received = {.token.signer = signer,
                                     .attributes.header = header,
                                     .envelope = {.cipher = cipher, .ciphertext.len = len}};
    struct tr34_frame frame;
    char found[200] = "";
    size_t next = 0;

    while (tr34_token_candidate(&received, &next, &frame)) {
        char one[32];
        bool bare = frame.bytes[frame.key_at + frame.key_len] == DER_OCTETS;

        ck_assert_uint_eq(frame.len, len);
        snprintf(one, sizeof one, "v%u%c%zu ", (unsigned)frame.bytes[4], bare ? 'b' : 'h',
                 frame.key_len);
        strcat(found, one);
    }
    ck_assert_str_eq(found, expected);
    free((void *)header.bytes);
    free((void *)signer.bytes);
}

START_TEST(candidates_have_the_ciphertexts_length)
{
    /* 76 and 84 bytes with the header as an attribute, 61 and 69 with the bare one */
    expect_candidates(TR34_DES_EDE3_CBC, 80, "v1h16 v0h16 ");
    expect_candidates(TR34_DES_EDE3_CBC, 88, "v1h24 v0h24 ");
    expect_candidates(TR34_DES_EDE3_CBC, 64, "v0b16 v1b16 ");
    expect_candidates(TR34_DES_EDE3_CBC, 72, "v0b24 v1b24 ");
    expect_candidates(TR34_AES128_CBC, 80, "v1h16 v0b24 v0h16 v1b24 ");
    expect_candidates(TR34_AES128_CBC, 96, "v1h24 v0h24 ");
    expect_candidates(TR34_AES128_CBC, 64, "v0b16 v1b16 ");
    expect_candidates(TR34_AES128_CBC, 112, "");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        no_changed_byte_upsets_the_parser,
        no_truncation_is_accepted,
        candidates_have_the_ciphertexts_length,
    };

    return run_suite("tr34 token hostile", tests, COUNT(tests));
}
