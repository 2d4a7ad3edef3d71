/* SPDX-License-Identifier: Apache-2.0 */
/* Whole tokens, byte by byte, in each layout, and parsed back. */
#include "test/unit/tr34/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2026-11-22 09:30:15 UTC, which SIGNING_TIME says */
#define SIGNED_AT 1795339815

struct made {
    uint8_t envelope[TR34_ENVELOPE_MAX], token[TR34_TOKEN_MAX];
    struct tr34_signed attributes;
    size_t envelope_len, len;
};

static bool write_attributes(enum tr34_layout layout, const char *nonce, time_t time,
                             const char *header, struct made *made, struct kf_error *err)
{
    struct tr34_attributes attributes = {expand_exact(header), expand_exact(nonce), time};
    bool good = tr34_attributes_write(layout, &attributes,
                                      (struct der_view){made->envelope, made->envelope_len},
                                      &made->attributes, err);

    free((void *)attributes.header.bytes);
    free((void *)attributes.nonce.bytes);
    return good;
}

static bool write_envelope(enum tr34_layout layout, enum tr34_cipher cipher, const char *wrapped,
                           const char *ciphertext, struct made *made, struct kf_error *err)
{
    struct tr34_envelope envelope = {
        .recipient = expand_exact(KRD),
        .wrapped_key = expand_exact(wrapped),
        .cipher = cipher,
        .iv = expand_exact(cipher == TR34_AES128_CBC ? "11*16" : "11*8"),
        .ciphertext = expand_exact(ciphertext),
    };
    bool good = tr34_envelope_write(layout, &envelope, "WrappingKeyCertificate", made->envelope,
                                    &made->envelope_len, err);

    free((void *)envelope.recipient.bytes);
    free((void *)envelope.wrapped_key.bytes);
    free((void *)envelope.iv.bytes);
    free((void *)envelope.ciphertext.bytes);
    return good;
}

static bool write_token(enum tr34_layout layout, const char *crl, const char *signature,
                        struct made *made, struct kf_error *err)
{
    struct tr34_token token = {
        .envelope = {made->envelope, made->envelope_len},
        .crl = expand_exact(crl),
        .signer = expand_exact(KDH),
        .attributes = {made->attributes.bytes, made->attributes.len},
        .signature = expand_exact(signature),
    };
    bool good =
        tr34_token_write(layout, &token, "SigningKeyCertificate", made->token, &made->len, err);

    free((void *)token.crl.bytes);
    free((void *)token.signer.bytes);
    free((void *)token.signature.bytes);
    return good;
}

/* What the parser hands out of a token made here. */
static void parse_back(const struct made *made, enum tr34_layout layout, const char *crl,
                       const char *nonce, const char *header)
{
    struct tr34_received received;
    struct kf_error err = {0};

    ck_assert_msg(tr34_token_parse("WrappedKeyBlock", (struct der_view){made->token, made->len},
                                   &received, &err),
                  "%s", err.message);
    ck_assert_str_eq(err.message, "");
    ck_assert_int_eq(received.layout, layout);
    expect_view(received.token.signer, KDH);
    expect_view(received.token.signature, "BB*256");
    expect_view(received.token.crl, crl);
    ck_assert_uint_eq(received.token.envelope.len, made->envelope_len);
    ck_assert_mem_eq(received.token.envelope.bytes, made->envelope, made->envelope_len);
    expect_view(received.envelope.recipient, KRD);
    expect_view(received.envelope.wrapped_key, "AA*256");
    ck_assert_uint_eq(received.to_verify.len, made->attributes.len);
    ck_assert_mem_eq(received.to_verify.bytes, made->attributes.bytes, made->attributes.len);
    expect_view(received.attributes.nonce, nonce);
    expect_view(received.attributes.header, header);
    ck_assert_int_eq(received.attributes.signing_time, *nonce ? 0 : SIGNED_AT);
    ck_assert(tr34_token_check_digest("WrappedKeyBlock", &received, &err));
}

struct pass {
    const char *nonce, *header;
    const char *attributes, *sorted; /* %s: messageDigest */
};

static void check_token(enum tr34_layout layout, enum tr34_cipher cipher, const struct pass *pass,
                        const char *crl)
{
    const char *envelope = envelope_text(layout, cipher);
    const char *format = layout == TR34_CMS ? pass->sorted : pass->attributes;
    const char *ct = cipher == TR34_AES128_CBC ? "CC*96" : "CC*88";
    char digest[TEXT_MAX], attributes[TEXT_MAX] = "", set[TEXT_MAX], expected[TEXT_MAX];
    struct made made;
    struct kf_error err = {0};

    ck_assert(write_envelope(layout, cipher, "AA*256", ct, &made, &err));
    expect_bytes(made.envelope, made.envelope_len, envelope);
    ck_assert(write_attributes(layout, pass->nonce, SIGNED_AT, pass->header, &made, &err));
    digest_text(envelope, digest);
    strcpy(attributes, format);
    replace_text(attributes, "%s", digest);
    ck_assert_int_lt(snprintf(set, sizeof set, "31{%s}", attributes), sizeof set);
    expect_bytes(made.attributes.bytes, made.attributes.len, set);
    ck_assert(write_token(layout, crl, "BB*256", &made, &err));
    token_text(layout, envelope, crl, attributes, expected);
    expect_bytes(made.token, made.len, expected);
    parse_back(&made, layout, crl, pass->nonce, pass->header);
    ck_assert_str_eq(err.message, "");
}

#define BOTH(text) text, text

START_TEST(tokens_are_the_layouts_bytes)
{
    static const struct pass passes[] = {
        {"0102030405060708", HEADER, BOTH(CONTENT_TYPE NONCE8 HEADER_ATTRIBUTE(HEADER) "%s")},
        {"", HEADER, BOTH(CONTENT_TYPE SIGNING_TIME HEADER_ATTRIBUTE(HEADER) "%s")},
        {"4E*16", HEADER, CONTENT_TYPE NONCE16 HEADER_ATTRIBUTE(HEADER) "%s",
         CONTENT_TYPE HEADER_ATTRIBUTE(HEADER) NONCE16 "%s"},
        {"0102030405060708", LONG_HEADER, CONTENT_TYPE NONCE8 HEADER_ATTRIBUTE(LONG_HEADER) "%s",
         CONTENT_TYPE NONCE8 "%s" HEADER_ATTRIBUTE(LONG_HEADER)},
        {"", LONG_HEADER, CONTENT_TYPE SIGNING_TIME HEADER_ATTRIBUTE(LONG_HEADER) "%s",
         CONTENT_TYPE SIGNING_TIME "%s" HEADER_ATTRIBUTE(LONG_HEADER)},
    };

    for (size_t i = 0; i < COUNT(passes); i++)
        for (int cipher = TR34_DES_EDE3_CBC; cipher <= TR34_AES128_CBC; cipher++) {
            check_token(TR34_AWS2012, (enum tr34_cipher)cipher, &passes[i], "");
            check_token(TR34_ANNEXB2019, (enum tr34_cipher)cipher, &passes[i], CRL);
            check_token(TR34_CMS, (enum tr34_cipher)cipher, &passes[i], "");
            check_token(TR34_CMS, (enum tr34_cipher)cipher, &passes[i], CRL);
        }
}
END_TEST

START_TEST(aws2012_starts_without_a_sequence)
{
    struct made made;
    struct kf_error err = {0};

    ck_assert(write_envelope(TR34_AWS2012, TR34_DES_EDE3_CBC, "AA*384", "CC*88", &made, &err));
    expect_bytes(made.envelope, 4, "02010031");
    ck_assert(write_envelope(TR34_ANNEXB2019, TR34_DES_EDE3_CBC, "AA*512", "CC*88", &made, &err));
    expect_bytes(made.envelope, 2, "3082");
}
END_TEST

START_TEST(years_choose_the_type_of_the_time)
{
    static const struct {
        time_t time;
        const char *text;
    } cases[] = {
        {0, "17{'700101000000Z'}"},          {-631152000, "17{'500101000000Z'}"},
        {2524607999, "17{'491231235959Z'}"}, {2524608000, "18{'20500101000000Z'}"},
        {1795339815, "17{'261122093015Z'}"}, {253402300799, "18{'99991231235959Z'}"},
        {951782400, "17{'000229000000Z'}"},
    };
    char expected[TEXT_MAX];

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct made made = {.envelope_len = 0};
        struct kf_error err = {0};

        ck_assert(write_attributes(TR34_AWS2012, "", cases[i].time, HEADER, &made, &err));
        snprintf(expected, sizeof expected, "30{" PKCS9 "05 31{%s}}", cases[i].text);
        expect_bytes(made.attributes.bytes + 3 + 26, made.attributes.bytes[3 + 26 + 1] + 2U,
                     expected);
    }
    for (size_t i = 0; i < 2; i++) {
        struct made made = {.envelope_len = 0};
        struct kf_error err = {0};

        ck_assert(!write_attributes(TR34_AWS2012, "", i ? 253402300800 : -631152001, HEADER, &made,
                                    &err));
        ck_assert_int_eq(err.status, KF_INTERNAL);
    }
}
END_TEST

START_TEST(parts_out_of_bounds_are_refused_by_name)
{
    static const struct {
        const char *nonce, *header, *wrapped, *ciphertext, *message;
    } cases[] = {
        {"01*7", HEADER, "AA*256", "CC*88", "RandomNonce: the nonce must have 8 to 16 bytes; it"},
        {"01*17", HEADER, "AA*256", "CC*88", "RandomNonce: the nonce must have 8 to 16 bytes; it"},
        {"01*900", HEADER, "AA*256", "CC*88", "RandomNonce: the nonce must have 8 to 16 bytes; it"},
        {"", "58*15", "AA*256", "CC*88", "KeyBlockHeaders: the TR-31 header must have 16 to 256"},
        {"", "58*257", "AA*256", "CC*88", "KeyBlockHeaders: the TR-31 header must have 16 to 256"},
        {"", "58*16 7F", "AA*256", "CC*88", "KeyBlockHeaders: the TR-31 header must be printable"},
        {"", HEADER, "AA*128", "CC*88",
         "KeyBlock: RecipientInfo.encryptedKey must have 256, 384 or 512 bytes; it has 128"},
        {"", HEADER, "AA*256", "CC*89",
         "KeyBlock: EncryptedContentInfo.encryptedContent must be whole blocks of 8 bytes"},
        {"", HEADER, "AA*256", "", "KeyBlock: EncryptedContentInfo.encryptedContent must be whole"},
        {"", HEADER, "AA*256", "CC*1376", "KeyBlock: EncryptedContentInfo.encryptedContent must "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct made made = {.envelope_len = 0};
        struct kf_error err = {0};

        expect_refusal(
            write_envelope(TR34_CMS, TR34_DES_EDE3_CBC, cases[i].wrapped, cases[i].ciphertext,
                           &made, &err) &&
                write_attributes(TR34_CMS, cases[i].nonce, SIGNED_AT, cases[i].header, &made, &err),
            &err, cases[i].message);
    }
}
END_TEST

START_TEST(the_layout_rules_the_crl)
{
    static const struct {
        enum tr34_layout layout;
        const char *crl, *signature, *message;
    } cases[] = {
        {TR34_AWS2012, CRL, "BB*256", "CertificateRevocationList: the layout aws2012 holds no CRL"},
        {TR34_ANNEXB2019, "", "BB*256", "CertificateRevocationList: the layout annexb2019 needs "},
        {TR34_CMS, "31{0101FF}", "BB*256", "CertificateRevocationList: the DER must be a SEQUENCE"},
        {TR34_CMS, CRL "00", "BB*256", "CertificateRevocationList: the DER must end at byte "},
        {TR34_CMS, "30{00*8000}", "BB*256",
         "CertificateRevocationList: too long; the key token would have 9021 bytes, and may have "
         "8192"},
        {TR34_CMS, "", "BB*128",
         "SigningKeyCertificate: the signing key must be RSA of 2048, 3072"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct made made;
        struct kf_error err = {0};

        ck_assert(
            write_envelope(cases[i].layout, TR34_DES_EDE3_CBC, "AA*256", "CC*88", &made, &err));
        ck_assert(write_attributes(cases[i].layout, "01*8", 0, HEADER, &made, &err));
        expect_refusal(write_token(cases[i].layout, cases[i].crl, cases[i].signature, &made, &err),
                       &err, cases[i].message);
    }
}
END_TEST

/* The largest of everything but the CRL stays inside of the bounds. */
START_TEST(the_longest_parts_fit)
{
    static uint8_t text[TR34_HEADER_MAX];
    struct der_view name = expand_exact("30{30{31*1013} 020105}");
    struct der_view wrapped = expand_exact("AA*512");
    struct made made;
    struct tr34_frame frame;
    struct tr34_keyblock keyblock = {
        .signer = name, .header = {text, sizeof text}, .key_len = 24, .block = 16, .version = 1};
    struct tr34_attributes attributes = {{text, sizeof text}, {text, 16}, 0};
    struct kf_error err = {0};

    memset(text, 'X', sizeof text);
    ck_assert_uint_eq(name.len, TR34_IDENTITY_MAX);
    for (int layout = 0; layout < TR34_LAYOUT_COUNT; layout++) {
        struct tr34_envelope envelope = {name, wrapped, TR34_AES128_CBC, {text, 16}, {NULL, 0}};
        struct tr34_token token = {.signer = name, .signature = wrapped};
        struct tr34_received received;

        ck_assert(tr34_frame_make(&keyblock, "Field", &frame, &err));
        envelope.ciphertext = (struct der_view){frame.bytes, frame.len};
        ck_assert(tr34_envelope_write((enum tr34_layout)layout, &envelope, "Field", made.envelope,
                                      &made.envelope_len, &err));
        ck_assert_uint_le(made.envelope_len, sizeof made.envelope);
        token.envelope = (struct der_view){made.envelope, made.envelope_len};
        ck_assert(tr34_attributes_write((enum tr34_layout)layout, &attributes, token.envelope,
                                        &made.attributes, &err));
        ck_assert_uint_le(made.attributes.len, sizeof made.attributes.bytes);
        token.attributes = (struct der_view){made.attributes.bytes, made.attributes.len};
        if (layout == TR34_ANNEXB2019)
            token.crl = name;
        ck_assert(tr34_token_write((enum tr34_layout)layout, &token, "Field", made.token, &made.len,
                                   &err));
        ck_assert(
            tr34_token_parse("Doc", (struct der_view){made.token, made.len}, &received, &err));
    }
    ck_assert_str_eq(err.message, "");
    free((void *)name.bytes);
    free((void *)wrapped.bytes);
}
END_TEST

START_TEST(layouts_are_found_by_name)
{
    enum tr34_layout layout;
    struct kf_error err = {0};

    for (int i = 0; i < TR34_LAYOUT_COUNT; i++) {
        ck_assert(tr34_layout_find("F", tr34_form((enum tr34_layout)i)->name, &layout, &err));
        ck_assert_int_eq(layout, i);
    }
    expect_refusal(tr34_layout_find("Layout", "AWS2012", &layout, &err), &err,
                   "Layout: must be aws2012, annexb2019 or cms");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        tokens_are_the_layouts_bytes,      aws2012_starts_without_a_sequence,
        years_choose_the_type_of_the_time, parts_out_of_bounds_are_refused_by_name,
        the_layout_rules_the_crl,          the_longest_parts_fit,
        layouts_are_found_by_name,
    };

    return run_suite("tr34 token", tests, COUNT(tests));
}
