/* SPDX-License-Identifier: Apache-2.0 */
/* Credential tokens and random numbers, written, read and refused. */
#include "test/unit/tr34/support.h"

#include <stdlib.h>

#include "tr34/credential.h"

#define CERTIFICATE "30{30{A003020102} 'a certificate'} "
#define HEAD "30{" PKCS7 "02 A0{30{020101 3100 "
#define CT_KRD HEAD "30{" PKCS7 "01 A0{0400}} A0{" CERTIFICATE "} 3100}}}"
#define CT_KDH HEAD "30{" PKCS7 "01 A0{0400}} A0{" CERTIFICATE "} A1{" CRL "} 3100}}}"

static bool parse(const char *text, struct der_view *bytes, struct tr34_credential *credential,
                  struct kf_error *err)
{
    *bytes = expand_exact(text);
    return tr34_credential_parse("CT_KRD", *bytes, credential, err);
}

START_TEST(credentials_are_written)
{
    struct tr34_credential credential = {expand_exact(CERTIFICATE), {NULL, 0}};
    uint8_t out[TR34_TOKEN_MAX];
    struct kf_error err = {0};
    size_t len;

    ck_assert(tr34_credential_write(&credential, out, &len, &err));
    expect_bytes(out, len, CT_KRD);
    credential.crl = expand_exact(CRL);
    ck_assert(tr34_credential_write(&credential, out, &len, &err));
    expect_bytes(out, len, CT_KDH);
    free((void *)credential.certificate.bytes);
    free((void *)credential.crl.bytes);
}
END_TEST

START_TEST(credentials_that_cannot_be_written_are_refused)
{
    static const struct {
        const char *certificate, *crl, *message;
    } cases[] = {
        {"", "", "Certificate: the DER must be a SEQUENCE"},
        {CERTIFICATE CERTIFICATE, "", "Certificate: the DER must end at byte 22"},
        {CERTIFICATE, "0500", "CertificateRevocationList: the DER must be a SEQUENCE"},
        {"30{00*8170}", "", "Certificate: too long; the credential token would have 8225 bytes"},
        {CERTIFICATE, "30{00*8170}", "CertificateRevocationList: too long; the credential token "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tr34_credential credential = {expand_exact(cases[i].certificate),
                                             expand_exact(cases[i].crl)};
        uint8_t out[TR34_TOKEN_MAX];
        struct kf_error err = {0};
        size_t len;

        expect_refusal(tr34_credential_write(&credential, out, &len, &err), &err, cases[i].message);
        free((void *)credential.certificate.bytes);
        free((void *)credential.crl.bytes);
    }
}
END_TEST

START_TEST(credentials_are_read)
{
    static const struct {
        const char *text, *crl;
    } cases[] = {
        {CT_KRD, ""},
        {CT_KDH, CRL},
        /* without eContent, as RFC 5652 has it */
        {HEAD "30{" PKCS7 "01} A0{" CERTIFICATE "} 3100}}}", ""},
        /* the CRL behind the signers, as the sample has it */
        {HEAD "30{" PKCS7 "01 A0{0400}} A0{" CERTIFICATE "} 3100 A1{" CRL "}}}}", CRL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tr34_credential credential;
        struct kf_error err = {0};
        struct der_view bytes;

        ck_assert_msg(parse(cases[i].text, &bytes, &credential, &err), "%s", err.message);
        expect_view(credential.certificate, CERTIFICATE);
        expect_view(credential.crl, cases[i].crl);
        free((void *)bytes.bytes);
    }
}
END_TEST

START_TEST(other_signed_data_is_refused_by_name)
{
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {PKCS7 "02", PKCS7 "03", "CT_KRD: ContentInfo.contentType must be id-signedData"},
        {"020101", "020103", "CT_KRD: SignedData.version must be 1"},
        {"3100 ", "31{30{" SHA256 "}} ", "CT_KRD: SignedData.digestAlgorithms must be empty in a "},
        {PKCS7 "01", PKCS7 "03", "CT_KRD: SignedData.encapContentInfo.eContentType must be id-dat"},
        {"0400", "040100", "CT_KRD: SignedData.encapContentInfo.eContent must be empty in a "},
        {"0400", "0400 0400", "CT_KRD: SignedData.encapContentInfo must end at byte "},
        {"A0{" CERTIFICATE "}", "", "CT_KRD: SignedData.certificates must be [0]"},
        {CERTIFICATE, "", "CT_KRD: SignedData.certificates' first must be a SEQUENCE; nothing is"},
        {CERTIFICATE, CERTIFICATE CERTIFICATE,
         "CT_KRD: SignedData.certificates, which has exactly one, must end at byte "},
        {CRL, CRL CRL, "CT_KRD: SignedData.crls, which has exactly one CertificateList, must end"},
        {"} 3100", "} 31{3000}", "CT_KRD: SignedData.signerInfos must be empty in a credential"},
        {"} 3100", "} 3100 A1{" CRL "}", "CT_KRD: SignedData must end at byte "},
        {"} 3100", "} 3100 0500", "CT_KRD: SignedData must end at byte "},
        {"3100}}}", "3100}}} 00", "CT_KRD: ContentInfo must end at byte "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tr34_credential credential;
        struct kf_error err = {0};
        struct der_view bytes;
        char text[TEXT_MAX] = CT_KDH;

        replace_text(text, cases[i].from, cases[i].to);
        expect_refusal(parse(text, &bytes, &credential, &err), &err, cases[i].message);
        free((void *)bytes.bytes);
    }
}
END_TEST

START_TEST(no_mutation_of_a_credential_upsets_the_parser)
{
    uint8_t bytes[TR34_TOKEN_MAX], written[TR34_TOKEN_MAX];
    size_t len = expand(CT_KDH, bytes, sizeof bytes), accepted = 0, written_len;

    for (size_t at = 0; at < len; at++)
        for (unsigned change = 1; change < 256; change++) {
            struct tr34_credential credential;
            struct kf_error err = {0};

            bytes[at] ^= (uint8_t)change;
            if (tr34_credential_parse("CT", (struct der_view){bytes, len}, &credential, &err)) {
                ck_assert(tr34_credential_write(&credential, written, &written_len, &err));
                ck_assert_uint_eq(written_len, len);
                ck_assert_mem_eq(written, bytes, len);
                accepted++;
            }
            bytes[at] ^= (uint8_t)change;
        }
    ck_assert_uint_gt(accepted, 0);
    for (size_t cut = 0; cut < len; cut++) {
        struct tr34_credential credential;
        struct kf_error err = {0};

        ck_assert(!tr34_credential_parse("CT", (struct der_view){bytes, cut}, &credential, &err));
        ck_assert_int_eq(err.status, KF_VALIDATION);
    }
}
END_TEST

START_TEST(random_numbers_are_written_and_read)
{
    static const char *const nonces[] = {"01*8", "02*15", "03*16"};
    static const char *const texts[] = {"30{" RANDOM_NONCE "31{04{01*8}}}",
                                        "30{" RANDOM_NONCE "31{04{02*15}}}",
                                        "30{" RANDOM_NONCE "31{04{03*16}}}"};

    for (size_t i = 0; i < COUNT(nonces); i++) {
        struct der_view nonce = expand_exact(nonces[i]), read;
        uint8_t out[TR34_RANDOM_MAX];
        struct kf_error err = {0};
        size_t len;

        ck_assert(tr34_random_write(nonce, out, &len, &err));
        expect_bytes(out, len, texts[i]);
        ck_assert(tr34_random_parse("RT_KRD", (struct der_view){out, len}, &read, &err));
        expect_view(read, nonces[i]);
        free((void *)nonce.bytes);
    }
}
END_TEST

START_TEST(other_random_numbers_are_refused)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"30{" RANDOM_NONCE "31{04{01*7}}}", "Doc: the nonce must have 8 to 16 bytes; it has 7"},
        {"30{" RANDOM_NONCE "31{04{01*32}}}", "Doc: the nonce must have 8 to 16 bytes; it has 32"},
        {"30{" PKCS7 "01 31{04{01*8}}}", "Doc: RT_KRD must be an attribute of type randomNonce"},
        {"30{" RANDOM_NONCE "31{04{01*8} 04{01*8}}}", "Doc: RT_KRD must end at byte "},
        {"30{" RANDOM_NONCE "31{04{01*8}} 0500}", "Doc: RT_KRD must end at byte "},
        {"30{" RANDOM_NONCE "31{04{01*8}}} 00", "Doc: RT_KRD must end at byte "},
        {"30{" RANDOM_NONCE "31{02{01*8}}}", "Doc: RT_KRD must be an OCTET STRING"},
        {"04{01*8}", "Doc: RT_KRD must be a SEQUENCE"},
    };
    struct der_view nonce;
    uint8_t out[TR34_RANDOM_MAX];
    size_t len;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct der_view bytes = expand_exact(cases[i].text);
        struct kf_error err = {0};

        expect_refusal(tr34_random_parse("Doc", bytes, &nonce, &err), &err, cases[i].message);
        free((void *)bytes.bytes);
    }
    for (size_t wrong = 7; wrong <= 17; wrong += 10) {
        struct kf_error err = {0};

        expect_refusal(tr34_random_write((struct der_view){out, wrong}, out, &len, &err), &err,
                       "RandomNonce: the nonce must have 8 to 16 bytes");
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        credentials_are_written,
        credentials_that_cannot_be_written_are_refused,
        credentials_are_read,
        other_signed_data_is_refused_by_name,
        no_mutation_of_a_credential_upsets_the_parser,
        random_numbers_are_written_and_read,
        other_random_numbers_are_refused,
    };

    return run_suite("tr34 credential", tests, COUNT(tests));
}
