/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's form of a certificate, each way in which it can be wrong, and what is read of a good one.
 */
#include "test/unit/tr34/pki.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "tr34/certificate_internal.h"

#define FIELD "WrappingKeyCertificate"

static struct pki sample(void)
{
    struct pki_spec spec = pki_root();

    return pki_make(&spec);
}

static void expect_no_text(const char *text, const char *message)
{
    struct kf_error err = {0};

    expect_refusal(tr34_certificate_read(FIELD, text, &err) != NULL, &err, message);
}

static void expect_no_pem(const char *pem, const char *message)
{
    expect_no_text(pki_base64(pem, strlen(pem)), message);
}

START_TEST(what_is_read_is_the_certificate)
{
    struct pki made = sample();
    struct kf_error err = {0};
    struct tr34_certificate *c =
        tr34_certificate_read(FIELD, pki_text("CERTIFICATE", made.der), &err);
    struct der_view modulus = pki_number(made.key, OSSL_PKEY_PARAM_RSA_N);

    ck_assert_msg(c != NULL, "%s", err.message);
    ck_assert(der_equal(tr34_certificate_der(c), made.der));
    ck_assert(der_equal(tr34_certificate_modulus(c), modulus));
    ck_assert(der_equal(tr34_certificate_exponent(c),
                        (struct der_view){(const uint8_t *)"\x01\x00\x01", 3}));
    ck_assert_str_eq(tr34_certificate_name(c), "CN=Root,O=Partner");
    ck_assert_int_eq(tr34_certificate_not_after(c), PKI_NOW + 10 * DAY);
    tr34_certificate_free(c);
}
END_TEST

START_TEST(what_is_written_is_read)
{
    struct pki made = sample();
    struct kf_error err = {0};
    char text[4096];
    struct tr34_certificate *c;

    ck_assert(tr34_text_write("CERTIFICATE", made.der, text, sizeof text, &err));
    ck_assert_str_eq(text, pki_text("CERTIFICATE", made.der));
    c = tr34_certificate_read(FIELD, text, &err);
    ck_assert_msg(c != NULL, "%s", err.message);
    ck_assert(der_equal(tr34_certificate_der(c), made.der));
    tr34_certificate_free(c);
    ck_assert(!tr34_text_write("CERTIFICATE", made.der, text, strlen(text), &err));
    ck_assert_int_eq(err.status, KF_INTERNAL);
}
END_TEST

/* By the bytes themselves: a PrintableString stays one, and a UTF8String too. */
START_TEST(identity_is_copied_as_it_stands)
{
    static const struct {
        int type;
        const char *identity;
    } cases[] = {
        {V_ASN1_PRINTABLESTRING, "3029302431"
                                 "10300E060355040A1307506172746E65723110300E06035504031307"
                                 "5061796D656E7402017F"},
        {V_ASN1_UTF8STRING, "302930243110300E060355040A1307506172746E65723110300E0603550403"
                            "0C075061796D656E7402017F"},
        {V_ASN1_T61STRING, "302930243110300E060355040A1307506172746E65723110300E0603550403"
                           "14075061796D656E7402017F"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pki_spec spec = pki_root();
        struct tr34_certificate *c;
        struct der_view identity;
        char hex[256];
        struct pki made;

        spec.name = "Payment";
        spec.name_type = cases[i].type;
        spec.serial = 0x7F;
        made = pki_make(&spec);
        c = pki_read(&made);
        identity = tr34_certificate_identity(c);
        ck_assert_uint_lt(identity.len, sizeof hex / 2);
        hex_encode(identity.bytes, identity.len, hex);
        ck_assert_str_eq(hex, cases[i].identity);
    }
}
END_TEST

/* The certificate again with another serial number, DER in hex. */
static struct pki with_serial(struct pki made, const char *hex)
{
    uint8_t bytes[64];
    const unsigned char *at = bytes;
    unsigned char *der = NULL;
    ASN1_INTEGER *serial;
    int len;

    ck_assert(hex_decode(hex, strlen(hex) / 2, bytes));
    serial = d2i_ASN1_INTEGER(NULL, &at, (long)strlen(hex) / 2);
    ck_assert_ptr_nonnull(serial);
    ck_assert_int_eq(X509_set_serialNumber(made.x509, serial), 1);
    ck_assert_int_gt(X509_sign(made.x509, made.key, EVP_sha256()), 0);
    len = i2d_X509(made.x509, &der);
    ck_assert_int_gt(len, 0);
    made.der = (struct der_view){der, (size_t)len};
    ASN1_INTEGER_free(serial);
    return made;
}

START_TEST(serials_of_every_length_are_copied)
{
    static const char *const serials[] = {
        "020101",
        "02020080",
        "0205012A864880",
        "020600FF00FF00FF",
        "02147FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "021500FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    };

    for (size_t i = 0; i < COUNT(serials); i++) {
        struct pki_spec spec = pki_root();
        struct pki made = with_serial(pki_make(&spec), serials[i]);
        struct der_view identity = tr34_certificate_identity(pki_read(&made));
        size_t len = strlen(serials[i]) / 2;
        char hex[64];

        ck_assert_uint_gt(identity.len, len);
        hex_encode(identity.bytes + identity.len - len, len, hex);
        ck_assert_str_eq(hex, serials[i]);
        ck_assert_uint_eq(identity.bytes[1] + 2U, identity.len);
        OPENSSL_free((void *)made.der.bytes);
    }
}
END_TEST

START_TEST(fingerprint_and_check_value_are_of_the_right_bytes)
{
    struct pki made = sample();
    struct tr34_certificate *c = pki_read(&made);
    char fingerprint[TR34_FINGERPRINT_SIZE], value[TR34_CHECK_VALUE_SIZE], expected[65];
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned char *spki = NULL;
    struct kf_error err = {0};
    int len;

    ck_assert(EVP_Digest(made.der.bytes, made.der.len, digest, NULL, EVP_sha256(), NULL));
    hex_encode(digest, 32, expected);
    tr34_certificate_fingerprint(c, fingerprint);
    ck_assert_int_eq(strcasecmp(fingerprint, expected), 0);
    ck_assert_int_eq(strspn(fingerprint, "0123456789abcdef"), 64);
    len = i2d_PUBKEY(made.key, &spki);
    ck_assert(EVP_Digest(spki, (size_t)len, digest, NULL, EVP_sha1(), NULL));
    OPENSSL_free(spki);
    hex_encode(digest, 4, expected);
    ck_assert(
        tr34_check_value(tr34_certificate_modulus(c), tr34_certificate_exponent(c), value, &err));
    ck_assert_str_eq(value, expected);
}
END_TEST

START_TEST(names_are_made_safe_for_messages)
{
    static const struct {
        const char *name, *shown;
    } cases[] = {
        {"a\x1b[31m\nb", "CN=a\\1B[31m\\0Ab,O=Partner"},
        {"a\x7F", "CN=a\\7F,O=Partner"},
        {"M\xC3\xBCller", "CN=M??ller,O=Partner"},
        {"a,b", "CN=a\\,b,O=Partner"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pki_spec spec = pki_root();
        struct pki made;
        const char *shown;

        spec.name = cases[i].name;
        made = pki_make(&spec);
        shown = tr34_certificate_name(pki_read(&made));
        for (const char *at = shown; *at; at++)
            ck_assert(*at >= 0x20 && *at < 0x7F);
        ck_assert_str_eq(shown, cases[i].shown);
    }
}
END_TEST

/* A common name may have 64 characters, most of which take three here; one fits exactly. */
START_TEST(what_does_not_fit_a_name_is_marked)
{
    const size_t left = CERTIFICATE_NAME_MAX - 1 - strlen("CN=aa,O=Partner");

    ck_assert_uint_eq(left % 3, 0);
    for (size_t len = left / 3 - 1; len <= 62; len++) {
        struct pki_spec spec = pki_root();
        char name[65] = "aa", shown[CERTIFICATE_NAME_MAX + 64] = "CN=aa";
        struct pki made;

        memset(name + 2, '\x1b', len);
        for (size_t i = 0; i < len; i++)
            strcat(shown, "\\1B");
        strcat(shown, ",O=Partner");
        if (strlen(shown) >= CERTIFICATE_NAME_MAX)
            strcpy(shown + CERTIFICATE_NAME_MAX - 1 - strlen("..."), "...");
        spec.name = name;
        made = pki_make(&spec);
        ck_assert_str_eq(tr34_certificate_name(pki_read(&made)), shown);
    }
}
END_TEST

START_TEST(what_is_no_base64_of_pem_is_refused)
{
    struct der_view der = sample().der;
    const char *pem = pki_pem("CERTIFICATE", der), *good = pki_text("CERTIFICATE", der);
    char text[8192];

    expect_no_text(NULL, FIELD " is required.");
    expect_no_text("", FIELD " is required.");
    expect_no_text(pem, FIELD ": is PEM text itself; it must be that in base64, on one line");
    expect_no_text(pki_base64(der.bytes, der.len), FIELD ": its base64 holds DER;");
    expect_no_text(pki_base64("\xFF\xFE", 2), FIELD ": its base64 holds no PEM text.");
    expect_no_text(pki_base64("a\0b", 3), FIELD ": its base64 holds no PEM text.");
    expect_no_text(pki_base64("hello", 5), FIELD ": its base64 holds no PEM text that begins");
    snprintf(text, sizeof text, "%.76s\n%s", good, good + 76);
    expect_no_text(text, FIELD ": is not base64 (");
    snprintf(text, sizeof text, " %s", good);
    expect_no_text(text, FIELD ": is not base64 (");
    snprintf(text, sizeof text, "%.*s", (int)strlen(good) - 1, good);
    expect_no_text(text, FIELD ": is not base64 (");
    snprintf(text, sizeof text, "%.8s=%s", good, good + 9);
    expect_no_text(text, FIELD ": is not base64 (");
    snprintf(text, sizeof text, "%s====", good);
    expect_no_text(text, FIELD ": is not base64 (");
    expect_no_text("A===", FIELD ": is not base64 (");
    expect_no_text("QUJD-_==", FIELD ": is not base64 (");
}
END_TEST

START_TEST(what_is_not_one_certificate_is_refused)
{
    struct der_view der = sample().der;
    const char *pem = pki_pem("CERTIFICATE", der);
    char text[8192], *at;

    snprintf(text, sizeof text, "%s%s", pem, pem);
    expect_no_pem(text, FIELD ": holds more than one certificate;");
    snprintf(text, sizeof text, "Bag Attributes\n%s", pem);
    expect_no_pem(text, FIELD ": its base64 holds no PEM text that begins");
    snprintf(text, sizeof text, "%snotes", pem);
    expect_no_pem(text, FIELD ": holds something else behind the certificate.");
    snprintf(text, sizeof text, "%s%s", pem, pki_pem("PRIVATE KEY", der));
    expect_no_pem(text, FIELD ": holds a private key, which must not leave its owner;");
    snprintf(text, sizeof text, "%s%s", pki_pem("RSA PRIVATE KEY", der), pem);
    expect_no_pem(text, FIELD ": holds a private key, which must not leave its owner;");
    expect_no_text(pki_text("ENCRYPTED PRIVATE KEY", der), FIELD ": holds a private key, ");
    expect_no_text(pki_text("CERTIFICATE REQUEST", der), FIELD ": holds PEM of something that is");
    expect_no_text(pki_text("TRUSTED CERTIFICATE", der), FIELD ": holds PEM of something that is");
    expect_no_text(pki_text("X509 CRL", der), FIELD ": holds PEM of something that is");
    snprintf(text, sizeof text, "%.*s", (int)strlen(pem) - 27, pem);
    expect_no_pem(text, FIELD ": its PEM text has no end.");
    snprintf(text, sizeof text, "%s", pem);
    text[40] = '!';
    expect_no_pem(text, FIELD ": its PEM text is damaged.");
    snprintf(text, sizeof text, "%s", pem);
    at = strstr(text, "-----END ");
    at[9] = 'X';
    expect_no_pem(text, FIELD ": its PEM text is damaged.");
    snprintf(text, sizeof text, "-----BEGIN CERTIFICATE-----notes\n%s", pem);
    expect_no_pem(text, FIELD ": holds more than one certificate;");
    snprintf(text, sizeof text, "-----BEGIN CERTIFICATE-----notes%s", strchr(pem, '\n'));
    expect_no_pem(text, FIELD ": its PEM text is damaged.");
    snprintf(text, sizeof text, "%s%s", pem, pki_pem("X509 CRL", der));
    expect_no_pem(text, FIELD ": holds something else behind the certificate.");
    snprintf(text, sizeof text, "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\n%s",
             strchr(pem, '\n') + 1);
    expect_no_pem(text, FIELD ": its PEM text is damaged.");
}
END_TEST

START_TEST(blanks_around_the_pem_are_nothing)
{
    struct der_view der = sample().der;
    char text[8192];
    struct kf_error err = {0};
    struct tr34_certificate *c;

    snprintf(text, sizeof text, "\r\n \t%s\n \r\n", pki_pem("CERTIFICATE", der));
    c = tr34_certificate_read(FIELD, pki_base64(text, strlen(text)), &err);
    ck_assert_msg(c != NULL, "%s", err.message);
    tr34_certificate_free(c);
}
END_TEST

static void expect_no_der(struct der_view der, const char *message)
{
    struct kf_error err = {0};
    /* Of exactly that size: reading behind its end is seen. */
    uint8_t *exact = malloc(der.len ? der.len : 1);

    memcpy(exact, der.bytes, der.len);
    expect_refusal(tr34_certificate_from_der(FIELD, (struct der_view){exact, der.len}, &err) !=
                       NULL,
                   &err, message);
    free(exact);
    expect_no_text(pki_text("CERTIFICATE", der), message);
}

START_TEST(what_is_not_its_whole_der_is_refused)
{
    struct der_view der = sample().der;
    uint8_t longer[4096];

    memcpy(longer, der.bytes, der.len);
    longer[der.len] = 0;
    expect_no_der((struct der_view){longer, der.len + 1}, FIELD ": is not one X.509 certificate.");
    for (size_t len = 1; len < der.len; len += 7)
        expect_no_der((struct der_view){der.bytes, len}, FIELD ": is not one X.509 certificate.");
}
END_TEST

/* An octet more for a length is BER; whoever copies issuer and serial would copy something else. */
START_TEST(what_is_ber_only_is_refused)
{
    struct der_view der = sample().der;
    uint8_t ber[4096];

    memcpy(ber, (uint8_t[]){0x30, 0x83, 0x00}, 3);
    memcpy(ber + 3, der.bytes + 2, der.len - 2);
    expect_no_der((struct der_view){ber, der.len + 1}, FIELD ": ");
    /* SEQUENCE, SEQUENCE, [0] {INTEGER 2}, INTEGER 7: at byte 13 */
    ck_assert_mem_eq(der.bytes + 13, "\x02\x01\x07", 3);
    memcpy(ber, der.bytes, 14);
    memcpy(ber + 14, (uint8_t[]){0x81, 0x01}, 2);
    memcpy(ber + 16, der.bytes + 15, der.len - 15);
    for (size_t at = 2; at < 8; at += 4) {
        size_t len = (size_t)(ber[at] << 8 | ber[at + 1]) + 1;

        ber[at] = (uint8_t)(len >> 8);
        ber[at + 1] = (uint8_t)len;
    }
    expect_no_der((struct der_view){ber, der.len + 1}, FIELD ": ");
}
END_TEST

static struct der_view with_key(EVP_PKEY *key)
{
    struct pki_spec spec = pki_root();

    spec.name = "Strange";
    spec.key = key;
    spec.signer = pki_key(KEY_ROOT);
    return pki_make(&spec).der;
}

START_TEST(keys_have_their_rules)
{
    EVP_PKEY *curve = EVP_EC_gen("P-256");

    expect_no_der(with_key(curve), FIELD " (CN=Strange,O=Partner): its key is not an RSA key.");
    EVP_PKEY_free(curve);
    expect_no_der(with_key(pki_rsa(1024, 65537)),
                  FIELD " (CN=Strange,O=Partner): its RSA key of 1024 bits is too weak;");
    expect_no_der(with_key(pki_rsa(2047, 65537)),
                  FIELD " (CN=Strange,O=Partner): its RSA key of 2047 bits is too weak;");
    expect_no_der(with_key(pki_rsa(2056, 65537)),
                  FIELD " (CN=Strange,O=Partner): its RSA key has 2056 bits;");
    expect_no_der(with_key(pki_rsa(2048, 3)), FIELD
                  " (CN=Strange,O=Partner): its public exponent must be odd, at least 65537,");
    expect_no_der(with_key(pki_rsa(2048, 65535)), FIELD
                  " (CN=Strange,O=Partner): its public exponent must be odd, at least 65537,");
}
END_TEST

START_TEST(exponents_have_their_rules)
{
    static const struct {
        const char *exponent;
        size_t len;
        bool good;
    } cases[] = {
        {"\x01\x00\x00", 3, false}, /* even */
        {"\x00", 1, false},
        {"\x01", 1, false},
        {"\x01\x00\x01", 3, true},
        {"\x01\x00\x03", 3, true},
        {"\x02\x00\x01", 3, true},
        {"\x01\x00\x00\x00\x00", 5, false},
        {"\x01\x00\x00\x00\x01", 5, true},
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, true},
        {"\x01\0\0\0\0\0\0\0\x01", 9, false}, /* longer than tokens take */
        {"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 17, false},
    };
    struct der_view modulus = pki_number(pki_key(KEY_LEAF), OSSL_PKEY_PARAM_RSA_N);

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct der_view exponent = {(const uint8_t *)cases[i].exponent, cases[i].len};
        EVP_PKEY *key = certificate_key(modulus, exponent);
        struct der_view der = with_key(key);
        struct tr34_certificate *c;
        struct kf_error err = {0};

        EVP_PKEY_free(key);
        if (!cases[i].good) {
            expect_no_der(der, FIELD " (CN=Strange,O=Partner): its public exponent must be ");
            continue;
        }
        c = tr34_certificate_from_der(FIELD, der, &err);
        ck_assert_msg(c != NULL, "%zu: %s", i, err.message);
        ck_assert(der_equal(tr34_certificate_exponent(c), exponent));
        tr34_certificate_free(c);
    }
}
END_TEST

START_TEST(signatures_are_checked)
{
    struct pki made = sample();
    struct tr34_certificate *c = pki_read(&made);
    struct pki_signer own = {.key = made.key}, other = {.key = pki_key(KEY_OTHER)};
    uint8_t signature[512];
    size_t len = sizeof signature;
    struct kf_error err = {0};
    struct tr34_signer signer = pki_signer(&own);

    ck_assert(signer.sign(signer.context, TR34_SHA256, (const uint8_t *)"text", 4, signature, &len,
                          &err));
    ck_assert(tr34_certificate_verify(c, (const uint8_t *)"text", 4, signature, len, FIELD, &err));
    expect_refusal(
        tr34_certificate_verify(c, (const uint8_t *)"Text", 4, signature, len, FIELD, &err), &err,
        FIELD " (CN=Root,O=Partner): the signature is not that of this");
    kf_error_clear(&err);
    expect_refusal(
        tr34_certificate_verify(c, (const uint8_t *)"text", 4, signature, len - 1, FIELD, &err),
        &err, FIELD " (CN=Root,O=Partner): the signature is not that of this");
    kf_error_clear(&err);
    signer = pki_signer(&other);
    len = sizeof signature;
    ck_assert(signer.sign(signer.context, TR34_SHA256, (const uint8_t *)"text", 4, signature, &len,
                          &err));
    expect_refusal(
        tr34_certificate_verify(c, (const uint8_t *)"text", 4, signature, len, FIELD, &err), &err,
        FIELD " (CN=Root,O=Partner): the signature is not that of this");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_is_read_is_the_certificate,
        what_is_written_is_read,
        identity_is_copied_as_it_stands,
        serials_of_every_length_are_copied,
        fingerprint_and_check_value_are_of_the_right_bytes,
        names_are_made_safe_for_messages,
        what_does_not_fit_a_name_is_marked,
        what_is_no_base64_of_pem_is_refused,
        what_is_not_one_certificate_is_refused,
        blanks_around_the_pem_are_nothing,
        what_is_not_its_whole_der_is_refused,
        what_is_ber_only_is_refused,
        keys_have_their_rules,
        exponents_have_their_rules,
        signatures_are_checked,
    };

    pki_start();
    return run_suite("certificate", tests, COUNT(tests));
}
