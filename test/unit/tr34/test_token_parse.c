/* SPDX-License-Identifier: Apache-2.0 */
/* Received tokens: each deviation refused by name, what may vary accepted. */
#include "test/unit/tr34/support.h"

#include <stdlib.h>
#include <string.h>

static bool parse(const char *text, struct der_view *bytes, struct tr34_received *received,
                  struct kf_error *err)
{
    *bytes = expand_exact(text);
    return tr34_token_parse("WrappedKeyBlock", *bytes, received, err);
}

struct deviation {
    const char *from, *to, *message; /* the message without "WrappedKeyBlock: " */
};

/* The sample of the layout with one thing changed is refused with that message; with NULL it is
 * accepted. */
static void expect_deviations(enum tr34_layout layout, const struct deviation *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct tr34_received received;
        struct kf_error err = {0};
        struct der_view bytes;
        char text[TEXT_MAX], message[KF_MESSAGE_MAX] = "WrappedKeyBlock: ";
        bool good;

        sample_text(layout, text);
        replace_text(text, cases[i].from, cases[i].to);
        good = parse(text, &bytes, &received, &err);
        if (cases[i].message) {
            strcat(message, cases[i].message);
            expect_refusal(good, &err, message);
        } else {
            ck_assert_msg(good, "%s: %s", cases[i].to, err.message);
        }
        free((void *)bytes.bytes);
    }
}

#define DIGESTS "31{30{" SHA256 "}}"
#define DIGEST_ALGORITHM KDH "30{" SHA256 "}"
#define SIGNER_INFO "30{020101 " KDH
#define SHA512 "0609608648016503040203 "

START_TEST(deviations_of_signed_data_are_refused_by_name)
{
    static const struct deviation cases[] = {
        {PKCS7 "02", PKCS7 "01", "ContentInfo.contentType must be id-signedData"},
        {"A0{30{020101", "A1{30{020101", "ContentInfo.content must be [0]; byte "},
        {"A0{30{020101", "A0{0500 30{020101", "SignedData must be a SEQUENCE; byte "},
        {"30{020101 31", "30{020103 31", "SignedData.version must be 1 in the layout aws2012"},
        {"30{020101 31", "30{020100 31", "SignedData.version must be 1 in the layout aws2012"},
        {"30{020101 31", "30{02020001 31", "SignedData.version must be 1 in the layout aws2012"},
        {DIGESTS, "3100", "SignedData.digestAlgorithms must be SHA-256 alone"},
        {DIGESTS, "31{30{" SHA512 "}}", "SignedData.digestAlgorithms must be SHA-256 alone"},
        {DIGESTS, "31{30{" SHA256 "}30{" SHA512 "}}",
         "SignedData.digestAlgorithms must be SHA-256 alone"},
        {DIGESTS, "31{30{" SHA256 "0500}}", NULL},
        {"30{" PKCS7 "03 A0", "30{" PKCS7 "01 A0",
         "SignedData.encapContentInfo.eContentType must be id-envelopedData"},
        {PKCS7 "03 A0{04{", PKCS7 "03 A0{24{",
         "SignedData.encapContentInfo.eContent must be an OCTET STRING; byte "},
        {PKCS7 "03 A0{04{", PKCS7 "03 A0{0400 04{",
         "SignedData.encapContentInfo must end at byte "},
        {"31{" SIGNER_INFO, "A0{3000} 31{" SIGNER_INFO, "SignedData.certificates must be absent"},
        {"31{" SIGNER_INFO, "A1{" CRL "} 31{" SIGNER_INFO, NULL},
        {"31{" SIGNER_INFO, "A1{} 31{" SIGNER_INFO, "SignedData.crls' first must be a SEQUENCE"},
        {"31{" SIGNER_INFO, "A1{" CRL CRL "} 31{" SIGNER_INFO,
         "SignedData.crls, which has exactly one CertificateList, must end at byte "},
        {"31{" SIGNER_INFO, "3100 31{" SIGNER_INFO, "SignedData.signerInfos' first must be a "},
        {"31{" SIGNER_INFO, "31{3000 " SIGNER_INFO, "SignedData.signerInfos, which has exactly "},
        {"04{BB*256}}}", "04{BB*256}} 0500}", "SignedData.signerInfos, which has exactly one, "},
        {"04{BB*256}}}", "04{BB*256}}} 0500", "SignedData must end at byte "},
        {"04{BB*256}}}}}}", "04{BB*256}}}}}} 00", "ContentInfo must end at byte "},
        {"04{BB*256}}}}}}", "04{BB*256}}} A1{" CRL "}}}}", "SignedData must end at byte "},
        {"BB*256", "BB*8192", "must have at most 8192 bytes; it has "},
    };

    expect_deviations(TR34_AWS2012, cases, COUNT(cases));
}
END_TEST

START_TEST(deviations_of_the_signer_are_refused_by_name)
{
    static const struct deviation cases[] = {
        {SIGNER_INFO, "30{020103 " KDH, "SignerInfo.version must be 1"},
        {SIGNER_INFO, "30{020101 80{11*20}", "SignerInfo.sid must be an IssuerAndSerialNumber"},
        {SIGNER_INFO, "30{020101 30{3000 02020005}",
         "the serial number of SignerInfo.sid must have DER's shortest form"},
        {SIGNER_INFO, "30{020101 30{30{31*1019} 020105}",
         "SignerInfo.sid has 1030 bytes of issuer and serial number; at most 1024 go in"},
        {DIGEST_ALGORITHM, KDH "30{" SHA512 "}", "SignerInfo.digestAlgorithm must be SHA-256"},
        {DIGEST_ALGORITHM, KDH "30{" SHA256 "0500}", NULL},
        {DIGEST_ALGORITHM, KDH "30{" SHA256 "0500 0500}", "SignerInfo.digestAlgorithm must be SHA"},
        {PKCS1 "010500", PKCS1 "0B0500", NULL},
        {PKCS1 "010500", PKCS1 "0D0500",
         "SignerInfo.signatureAlgorithm must be rsaEncryption or sha256WithRSAEncryption"},
        {PKCS1 "010500", PKCS1 "01", "SignerInfo.signatureAlgorithm must be rsaEncryption or sha"},
        {PKCS1 "010500", PKCS1 "0A3000", "SignerInfo.signatureAlgorithm must be rsaEncryption or"},
        {"BB*256", "BB*255", "SignerInfo.signature must have 256, 384 or 512 bytes; it has 255"},
        {"BB*256", "BB*384", NULL},
        {"BB*256", "BB*512", NULL},
        {"04{BB*256}", "04{BB*256} A1{3000}", "SignerInfo.unsignedAttrs must be absent"},
        {"04{BB*256}", "04{BB*256} 0500", "SignerInfo must end at byte "},
        {"} A0{" CONTENT_TYPE, "} 31{" CONTENT_TYPE, "SignerInfo.signedAttrs must be [0]; byte "},
        {HEADER_ATTRIBUTE(HEADER), HEADER_ATTRIBUTE("58*400"),
         "SignerInfo.signedAttrs must have at most 416 bytes; it has "},
    };

    expect_deviations(TR34_AWS2012, cases, COUNT(cases));
}
END_TEST

#define UNKNOWN "30{" PKCS9 "34 31{3000}} "

START_TEST(deviations_of_the_attributes_are_refused_by_name)
{
    static const struct deviation cases[] = {
        {CONTENT_TYPE, "", "signed attribute contentType is missing"},
        {NONCE8, "", "signed attribute randomNonce or signingTime is missing"},
        {HEADER_ATTRIBUTE(HEADER), "", "signed attribute id-data, the TR-31 header, is missing"},
        {PKCS9 "04", PKCS9 "34", "signed attributes must be contentType, randomNonce or signing"},
        {NONCE8, NONCE8 SIGNING_TIME,
         "signed attributes randomNonce and signingTime must not both be there"},
        {NONCE8, SIGNING_TIME, NULL},
        {NONCE8, NONCE16, NULL},
        {NONCE8 HEADER_ATTRIBUTE(HEADER), HEADER_ATTRIBUTE(HEADER) NONCE8, NULL},
        {NONCE8, NONCE8 NONCE8, "signed attribute randomNonce must be there only once"},
        {NONCE8, SIGNING_TIME SIGNING_TIME, "signed attribute signingTime must be there only once"},
        {CONTENT_TYPE, CONTENT_TYPE CONTENT_TYPE, "signed attribute contentType must be there "},
        {HEADER_ATTRIBUTE(HEADER), HEADER_ATTRIBUTE(HEADER) HEADER_ATTRIBUTE(HEADER),
         "signed attribute id-data must be there only once"},
        {NONCE8, NONCE8 UNKNOWN, "signed attributes must be contentType, randomNonce or signing"},
        {PKCS7 "03}} ", PKCS7 "01}} ", "signed attribute contentType must be id-envelopedData"},
        {PKCS7 "03}} ", PKCS7 "03 0500}} ", "signed attribute contentType must end at byte "},
        {"04{0102030405060708}", "04{01*7}", "the nonce must have 8 to 16 bytes; it has 7"},
        {"04{0102030405060708}", "04{01*17}", "the nonce must have 8 to 16 bytes; it has 17"},
        {"04{0102030405060708}", "04{01*8} 0500", "signed attribute randomNonce must end at byte "},
        {"04{0102030405060708}}", "04{01*8}} 0500", "signed attribute must end at byte "},
        {"04{0102030405060708}", "", "signed attribute randomNonce must be an OCTET STRING; noth"},
        {HEADER, "'A0256K0TB00E000'", "the TR-31 header must have 16 to 256 characters; it has 15"},
        {HEADER, "'A0256K0TB00E000' 00", "the TR-31 header must be printable ASCII"},
        {HEADER, "58*256", NULL},
        {PKCS9 "04 31{04{", PKCS9 "04 31{04{00",
         "signed attribute messageDigest must have 32 bytes; it has 33"},
        {NONCE8, "30{" PKCS9 "05 31{17{'2611220930Z'}}}", "signed attribute signingTime must be a"},
        {NONCE8, "30{" PKCS9 "05 31{17{'260230093015Z'}}}", "signed attribute signingTime must be"},
        {NONCE8, "30{" PKCS9 "05 31{17{'261122093060Z'}}}", "signed attribute signingTime must be"},
        {NONCE8, "30{" PKCS9 "05 31{17{'261122093015+'}}}", "signed attribute signingTime must be"},
        {NONCE8, "30{" PKCS9 "05 31{17{'26 122093015Z'}}}", "signed attribute signingTime must be"},
        {NONCE8, "30{" PKCS9 "05 31{18{'20261122093015Z'}}}", "signed attribute signingTime must "},
        {NONCE8, "30{" PKCS9 "05 31{18{'20501122093015Z'}}}", NULL},
        {NONCE8, "30{" PKCS9 "05 31{04{'261122093015Z'}}}",
         "signed attribute signingTime must be a UTCTime; byte "},
    };

    expect_deviations(TR34_AWS2012, cases, COUNT(cases));
}
END_TEST

#define KTRI "30{020100 " KRD
#define IV "04{11*8}"

START_TEST(deviations_of_the_envelope_are_refused_by_name)
{
    static const struct deviation cases[] = {
        {"020100 31{30{020100", "020102 31{30{020100", "EnvelopedData.version must be 0"},
        {"31{" KTRI, "31{3000 " KTRI, "EnvelopedData.recipientInfos, which has exactly one, must"},
        {"31{" KTRI, "3100 31{" KTRI, "EnvelopedData.recipientInfos' first must be a SEQUENCE"},
        {"31{" KTRI, "A0{3000} 31{" KTRI, "EnvelopedData.recipientInfos must be a SET; byte "},
        {KTRI, "30{020102 " KRD, "RecipientInfo.version must be 0"},
        {KTRI, "30{020100 80{11*20}", "RecipientInfo.rid must be an IssuerAndSerialNumber"},
        {PKCS1 "07", PKCS1 "01", "RecipientInfo.keyEncryptionAlgorithm must be id-RSAES-OAEP"},
        {"30{" SHA256 "0500} 30{" PKCS1 "08", "30{" SHA512 "0500} 30{" PKCS1 "08",
         "RSAES-OAEP-params.hashAlgorithm must be SHA-256"},
        {PKCS1 "08", PKCS1 "09", "RSAES-OAEP-params.maskGenAlgorithm must be id-mgf1"},
        {PKCS1 "08 30{" SHA256, PKCS1 "08 30{06052B0E03021A",
         "the hash of RSAES-OAEP-params.maskGenAlgorithm must be SHA-256"},
        {PKCS1 "08 30{" SHA256, PKCS1 "08 30{" SHA256 "0500", NULL},
        {PKCS1 "09 0400", PKCS1 "09 040141",
         "RSAES-OAEP-params.pSourceAlgorithm must be id-pSpecified with an empty label"},
        {PKCS1 "09 0400}", PKCS1 "09 0400} 0500", "RSAES-OAEP-params must end at byte "},
        {"04{AA*256}", "04{AA*128}", "RecipientInfo.encryptedKey must have 256, 384 or 512 bytes"},
        {"04{AA*256}", "04{AA*256} 0500", "RecipientInfo must end at byte "},
        {"04{AA*256}}}", "04{AA*256}} 3000}", "EnvelopedData.recipientInfos, which has exactly "},
        {"30{" PKCS7 "01 30{", "30{" PKCS7 "03 30{",
         "EncryptedContentInfo.contentType must be id-data"},
        {"06082A864886F70D0307", "06082A864886F70D0302",
         "the content's cipher must be des-ede3-cbc or aes128-CBC"},
        {"06082A864886F70D0307", "060960864801650304012A",
         "the content's cipher must be des-ede3-cbc or aes128-CBC"},
        {IV, "04{11*16}", "the IV of the content must have 8 bytes; it has 16"},
        {IV, "0500", "the IV of the content must be an OCTET STRING; byte "},
        {"80{CC*88}", "80{CC*87}", "EncryptedContentInfo.encryptedContent must be whole blocks of"},
        {"80{CC*88}", "8000", "EncryptedContentInfo.encryptedContent must be whole blocks of 8 "},
        {"80{CC*88}", "", "EncryptedContentInfo.encryptedContent must be [0] IMPLICIT of a prim"},
        {"80{CC*88}", "A0{04{CC*88}}", "EncryptedContentInfo.encryptedContent must be [0] IMPL"},
        {"80{CC*88}", "80{CC*88} 0500",
         "EncryptedContentInfo.contentEncryptionAlgorithm must end at byte "},
        {"80{CC*88}}", "80{CC*88}} 0500", "EncryptedContentInfo must end at byte "},
        {"80{CC*88}}}", "80{CC*88}}} A1{3000}", "EnvelopedData must end at byte "},
        /* layouts mixed: content behind its algorithm, tagged parameters */
        {IV " 80{CC*88}}", IV "} 80{CC*88}",
         "EnvelopedData must have the layout aws2012, annexb2019 or cms; this one, with no "
         "SEQUENCE, content behind its algorithm and bare OAEP parameters, is none"},
        {UNTAGGED, TAGGED,
         "EnvelopedData must have the layout aws2012, annexb2019 or cms; this one, with no "
         "SEQUENCE, content in its algorithm and tagged OAEP parameters, is none"},
    };

    expect_deviations(TR34_AWS2012, cases, COUNT(cases));
}
END_TEST

START_TEST(deviations_of_the_other_layouts_are_refused_by_name)
{
    static const struct deviation annexb[] = {
        {"30{020101 31", "30{020103 31", "SignedData.version must be 1 in the layout annexb2019"},
        {"A1{" CRL "} ", "", NULL},
        {IV "} 80{CC*88}", IV " 80{CC*88}}",
         "EnvelopedData must have the layout aws2012, annexb2019 or cms; this one, with a "},
        {"04{30{020100", "04{0500 30{020100", "EnvelopedData must be a SEQUENCE; byte "},
        {"80{CC*88}}}}", "80{CC*88}}} 0500}", "EnvelopedData must end at byte "},
    };
    static const struct deviation cms[] = {
        {"30{020103 31", "30{020101 31", "SignedData.version must be 3 in the layout cms"},
        {PKCS1 "0B0500", PKCS1 "010500", NULL},
        {"A0{30{" SHA256 "0500}}", "", "RSAES-OAEP-params.hashAlgorithm must be [0]; byte "},
        {"A0{30{" SHA256 "0500}}", "A0{30{" SHA256 "}}", NULL},
        {"A1{30{" PKCS1 "08 30{" SHA256 "0500}}}", "",
         "RSAES-OAEP-params.maskGenAlgorithm must be [1]; nothing is there at byte "},
        {TAGGED, TAGGED "A2{30{" PKCS1 "09 0400}}", NULL},
        {TAGGED, TAGGED "A2{30{" PKCS1 "09 040141}}", "RSAES-OAEP-params.pSourceAlgorithm must "},
        {TAGGED, TAGGED "A3{020101}", "RSAES-OAEP-params must end at byte "},
        {TAGGED, "", "RSAES-OAEP-params.hashAlgorithm must be [0]; nothing is there at byte "},
    };

    expect_deviations(TR34_ANNEXB2019, annexb, COUNT(annexb));
    expect_deviations(TR34_CMS, cms, COUNT(cms));
}
END_TEST

START_TEST(a_changed_content_is_noticed)
{
    struct tr34_received received;
    struct kf_error err = {0};
    struct der_view bytes;
    char text[TEXT_MAX];

    sample_text(TR34_CMS, text);
    replace_text(text, "CC*88", "CC*87 CD");
    ck_assert(parse(text, &bytes, &received, &err));
    expect_refusal(tr34_token_check_digest("WrappedKeyBlock", &received, &err), &err,
                   "WrappedKeyBlock: messageDigest must be the SHA-256 of eContent");
    free((void *)bytes.bytes);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        deviations_of_signed_data_are_refused_by_name,
        deviations_of_the_signer_are_refused_by_name,
        deviations_of_the_attributes_are_refused_by_name,
        deviations_of_the_envelope_are_refused_by_name,
        deviations_of_the_other_layouts_are_refused_by_name,
        a_changed_content_is_noticed,
    };

    return run_suite("tr34 token parse", tests, COUNT(tests));
}
