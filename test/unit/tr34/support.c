/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' own encoder, and the texts of whole tokens. */
#include "test/unit/tr34/support.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

struct encoder {
    const char *at;
    uint8_t *out;
    size_t room, len;
};

static void emit(struct encoder *e, uint8_t byte)
{
    if (e->len >= e->room) /* not an assertion for each byte: they are slow */
        ck_abort_msg("no room");
    e->out[e->len++] = byte;
}

static void emit_all(struct encoder *e, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        emit(e, bytes[i]);
}

static void encode(struct encoder *e);

/* What stands in braces, behind its length. */
static void encode_content(struct encoder *e)
{
    uint8_t content[2 * TEXT_MAX];
    struct encoder inside = {e->at + 1, content, sizeof content, 0};

    encode(&inside);
    ck_assert_int_eq(*inside.at, '}');
    e->at = inside.at + 1;
    if (inside.len > 0xFF)
        emit_all(e, (uint8_t[]){0x82, (uint8_t)(inside.len >> 8), (uint8_t)inside.len}, 3);
    else if (inside.len > 0x7F)
        emit_all(e, (uint8_t[]){0x81, (uint8_t)inside.len}, 2);
    else
        emit(e, (uint8_t)inside.len);
    emit_all(e, content, inside.len);
}

static void encode_pair(struct encoder *e)
{
    uint8_t byte;
    unsigned long times = 1;
    char *end;

    ck_assert_msg(hex_decode(e->at, 1, &byte), "no hex: %s", e->at);
    e->at += 2;
    if (*e->at == '*') {
        times = strtoul(e->at + 1, &end, 10);
        e->at = end;
    }
    while (times-- > 0)
        emit(e, byte);
    if (*e->at == '{')
        encode_content(e);
}

static void encode(struct encoder *e)
{
    while (*e->at && *e->at != '}')
        if (*e->at == '\'') {
            while (*++e->at != '\'')
                emit(e, (uint8_t)*e->at);
            e->at++;
        } else if (isspace((unsigned char)*e->at)) {
            e->at++;
        } else {
            encode_pair(e);
        }
}

size_t expand(const char *text, uint8_t *out, size_t room)
{
    struct encoder e = {text, out, room, 0};

    encode(&e);
    ck_assert_int_eq(*e.at, '\0');
    return e.len;
}

struct der_view expand_exact(const char *text)
{
    uint8_t bytes[2 * TEXT_MAX], *exact;
    size_t len = expand(text, bytes, sizeof bytes);

    exact = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, bytes, len);
    return (struct der_view){exact, len};
}

#define RECIPIENTS(parameters) \
    "020100 31{30{020100 " KRD "30{" PKCS1 "07 30{" parameters "}} 04{AA*256}}} "
#define BARE_ENVELOPE(cipher, ct) RECIPIENTS(UNTAGGED) "30{" PKCS7 "01 30{" cipher " 80{" ct "}}}"
#define ENVELOPE(parameters, cipher, ct) \
    "30{" RECIPIENTS(parameters) "30{" PKCS7 "01 30{" cipher "} 80{" ct "}}}"
#define TDES "06082A864886F70D0307 04{11*8}"
#define AES "0609608648016503040102 04{11*16}"
#define CT_TDES "CC*88"
#define CT_AES "CC*96"

const char *envelope_text(enum tr34_layout layout, enum tr34_cipher cipher)
{
    bool aes = cipher == TR34_AES128_CBC;

    switch (layout) {
    case TR34_AWS2012:
        return aes ? BARE_ENVELOPE(AES, CT_AES) : BARE_ENVELOPE(TDES, CT_TDES);
    case TR34_ANNEXB2019:
        return aes ? ENVELOPE(UNTAGGED, AES, CT_AES) : ENVELOPE(UNTAGGED, TDES, CT_TDES);
    default:
        return aes ? ENVELOPE(TAGGED, AES, CT_AES) : ENVELOPE(TAGGED, TDES, CT_TDES);
    }
}

void digest_text(const char *envelope, char text[TEXT_MAX])
{
    uint8_t bytes[TEXT_MAX], digest[EVP_MAX_MD_SIZE];
    char digits[2 * sizeof digest + 1];

    ck_assert(
        EVP_Digest(bytes, expand(envelope, bytes, sizeof bytes), digest, NULL, EVP_sha256(), NULL));
    hex_encode(digest, 32, digits);
    snprintf(text, TEXT_MAX, "30{" PKCS9 "04 31{04{%s}}} ", digits);
}

void token_text(enum tr34_layout layout, const char *envelope, const char *crl,
                const char *attributes, char text[TEXT_MAX])
{
    bool cms = layout == TR34_CMS;
    int len =
        snprintf(text, TEXT_MAX,
                 "30{" PKCS7 "02 A0{30{%s 31{30{" SHA256 "}} 30{" PKCS7 "03 A0{04{%s}}} %s%s%s"
                 "31{30{020101 " KDH "30{" SHA256 "} A0{%s} 30{%s0500} 04{BB*256}}}}}}",
                 cms ? "020103" : "020101", envelope, *crl ? "A1{" : "", crl, *crl ? "} " : "",
                 attributes, cms ? PKCS1 "0B" : PKCS1 "01");

    ck_assert_int_lt(len, TEXT_MAX);
}

void sample_text(enum tr34_layout layout, char text[TEXT_MAX])
{
    const char *envelope = envelope_text(layout, TR34_DES_EDE3_CBC);
    char digest[TEXT_MAX], attributes[2 * TEXT_MAX];

    digest_text(envelope, digest);
    snprintf(attributes, sizeof attributes, "%s%s", CONTENT_TYPE NONCE8 HEADER_ATTRIBUTE(HEADER),
             digest);
    token_text(layout, envelope, layout == TR34_ANNEXB2019 ? CRL : "", attributes, text);
}

void replace_text(char text[TEXT_MAX], const char *from, const char *to)
{
    char *at = strstr(text, from);

    ck_assert_msg(at != NULL, "no %s", from);
    ck_assert_uint_lt(strlen(text) + strlen(to), TEXT_MAX);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
}

void expect_bytes(const uint8_t *bytes, size_t len, const char *text)
{
    struct der_view expected = expand_exact(text);

    ck_assert_uint_eq(len, expected.len);
    if (len > 0)
        ck_assert_mem_eq(bytes, expected.bytes, len);
    free((void *)expected.bytes);
}

void expect_view(struct der_view view, const char *text)
{
    expect_bytes(view.bytes, view.len, text);
}
