/* SPDX-License-Identifier: Apache-2.0 */
/* What our own CA issues, read by OpenSSL: every field, and a token that signs wrongly. */
#include "test/unit/tr34/pki.h"

#include <openssl/core_names.h>
#include <string.h>

#include "tr34/chain.h"

#define ROOM 8192
#define CSR "CertificateSubject"

static const struct tr34_subject ours = {.country = "DE",
                                         .organization = "Keyferry",
                                         .unit = "Payments",
                                         .state = "Hessen",
                                         .common_name = "Keyferry CA",
                                         .city = "Frankfurt"};

static struct tr34_issue order(enum tr34_profile profile, EVP_PKEY *key,
                               const struct tr34_certificate *authority)
{
    struct tr34_issue what = {
        .profile = profile,
        .subject = ours,
        .modulus = pki_number(key, OSSL_PKEY_PARAM_RSA_N),
        .exponent = pki_number(key, OSSL_PKEY_PARAM_RSA_E),
        .authority = authority,
        .not_before = PKI_NOW - 3600,
        .not_after = PKI_NOW + 7 * DAY,
    };

    memset(what.serial, 0xFF, sizeof what.serial);
    if (authority)
        what.subject = (struct tr34_subject){.common_name = "Leaf"};
    return what;
}

/* Issues it with that key; the certificate as OpenSSL reads it, to be freed. */
static X509 *issue(const struct tr34_issue *what, EVP_PKEY *key, struct der_view *der)
{
    static uint8_t out[2][ROOM];
    static size_t turn;
    struct pki_signer by = {.key = key};
    struct tr34_signer signer = pki_signer(&by);
    struct kf_error err = {0};
    const unsigned char *at = out[turn];
    X509 *x509;

    der->bytes = out[turn];
    ck_assert_msg(tr34_issue(what, &signer, out[turn], ROOM, &der->len, &err), "%s", err.message);
    x509 = d2i_X509(NULL, &at, (long)der->len);
    ck_assert_ptr_nonnull(x509);
    ck_assert_ptr_eq(at, der->bytes + der->len);
    turn = 1 - turn;
    return x509;
}

static struct tr34_certificate *read_issued(struct der_view der)
{
    struct kf_error err = {0};
    struct tr34_certificate *c = tr34_certificate_from_der("Issued", der, &err);

    ck_assert_msg(c != NULL, "%s", err.message);
    return c;
}

static void expect_name(const X509_NAME *name, const char *expected)
{
    char text[512];
    BIO *bio = BIO_new(BIO_s_mem());

    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
    text[BIO_read(bio, text, sizeof text - 1)] = '\0';
    ck_assert_str_eq(text, expected);
    BIO_free(bio);
}

static bool is_critical(const X509 *x509, int nid)
{
    int at = X509_get_ext_by_NID(x509, nid, -1);

    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(x509, at));
}

START_TEST(a_ca_certifies_itself)
{
    struct tr34_issue what = order(TR34_PROFILE_CA, pki_key(KEY_ROOT), NULL);
    struct der_view der;
    X509 *x509 = issue(&what, pki_key(KEY_ROOT), &der);
    struct tr34_certificate *c = read_issued(der);
    struct kf_error err = {0};

    ck_assert_int_eq(X509_verify(x509, pki_key(KEY_ROOT)), 1);
    ck_assert_int_eq(X509_get_version(x509), X509_VERSION_3);
    ck_assert_int_eq(X509_get_signature_nid(x509), NID_sha256WithRSAEncryption);
    expect_name(X509_get_subject_name(x509),
                "L=Frankfurt,CN=Keyferry CA,ST=Hessen,OU=Payments,O=Keyferry,C=DE");
    ck_assert_int_eq(X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)), 0);
    ck_assert_uint_eq(X509_get_extension_flags(x509) & (EXFLAG_CA | EXFLAG_SS),
                      EXFLAG_CA | EXFLAG_SS);
    ck_assert(is_critical(x509, NID_basic_constraints) && is_critical(x509, NID_key_usage));
    ck_assert_uint_eq(X509_get_key_usage(x509), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    ck_assert_int_eq(X509_get_pathlen(x509), 0);
    ck_assert_ptr_nonnull(X509_get0_subject_key_id(x509));
    ck_assert_msg(tr34_root_check(c, "Issued", PKI_NOW, &err), "%s", err.message);
    tr34_certificate_free(c);
    X509_free(x509);
}
END_TEST

START_TEST(serials_are_positive_and_of_one_length)
{
    static const uint8_t firsts[] = {0x00, 0x7F, 0x80, 0xFF};

    for (size_t i = 0; i < COUNT(firsts); i++) {
        struct tr34_issue what = order(TR34_PROFILE_CA, pki_key(KEY_ROOT), NULL);
        struct der_view der;
        const ASN1_INTEGER *serial;
        X509 *x509;

        memset(what.serial, 0, sizeof what.serial);
        what.serial[0] = firsts[i];
        x509 = issue(&what, pki_key(KEY_ROOT), &der);
        serial = X509_get0_serialNumber(x509);
        ck_assert_int_eq(ASN1_STRING_type(serial), V_ASN1_INTEGER); /* not V_ASN1_NEG_INTEGER */
        ck_assert_int_eq(i2d_ASN1_INTEGER(serial, NULL), 2 + TR34_SERIAL_BYTES);
        X509_free(x509);
    }
}
END_TEST

START_TEST(leaves_are_what_they_are_for)
{
    static const struct {
        enum tr34_profile profile;
        uint32_t usage;
        enum tr34_purpose good, bad;
    } cases[] = {
        {TR34_PROFILE_SENDER, KU_DIGITAL_SIGNATURE, TR34_SENDER, TR34_RECIPIENT},
        {TR34_PROFILE_RECIPIENT, KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT, TR34_RECIPIENT,
         TR34_SENDER},
    };
    struct tr34_issue what = order(TR34_PROFILE_CA, pki_key(KEY_ROOT), NULL);
    struct der_view der;
    X509 *root = issue(&what, pki_key(KEY_ROOT), &der);
    struct tr34_certificate *authority = read_issued(der);
    struct tr34_chain chain = {
        .authorities = {{authority, NULL}}, .count = 1, .field = "Authority"};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tr34_certificate *c;
        struct kf_error err = {0};
        X509 *x509;

        what = order(cases[i].profile, pki_key(KEY_LEAF), authority);
        x509 = issue(&what, pki_key(KEY_ROOT), &der);
        c = read_issued(der);
        ck_assert_int_eq(X509_verify(x509, pki_key(KEY_ROOT)), 1);
        expect_name(X509_get_subject_name(x509), "CN=Leaf");
        ck_assert_int_eq(X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(root)), 0);
        ck_assert_uint_eq(X509_get_key_usage(x509), cases[i].usage);
        ck_assert_uint_eq(X509_get_extension_flags(x509) & EXFLAG_CA, 0);
        ck_assert_int_ge(X509_get_ext_by_NID(x509, NID_basic_constraints, -1), 0);
        ck_assert_int_eq(
            ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x509), X509_get0_subject_key_id(root)),
            0);
        ck_assert_int_eq(X509_cmp_time(X509_get0_notBefore(x509), &(time_t){PKI_NOW - 3601}), 1);
        ck_assert_int_eq(X509_cmp_time(X509_get0_notBefore(x509), &(time_t){PKI_NOW - 3600}), -1);
        ck_assert_int_eq(tr34_certificate_not_after(c), PKI_NOW + 7 * DAY);
        ck_assert(der_equal(tr34_certificate_modulus(c), what.modulus));
        ck_assert_msg(tr34_chain_check(&chain, c, "Issued", cases[i].good, PKI_NOW, &err), "%s",
                      err.message);
        expect_refusal(tr34_chain_check(&chain, c, "Issued", cases[i].bad, PKI_NOW, &err), &err,
                       "Issued (CN=Leaf): its keyUsage");
        tr34_certificate_free(c);
        X509_free(x509);
    }
    tr34_certificate_free(authority);
    X509_free(root);
}
END_TEST

START_TEST(lists_are_empty_and_the_cas_own)
{
    struct tr34_issue what = order(TR34_PROFILE_CA, pki_key(KEY_ROOT), NULL);
    struct pki_signer by = {.key = pki_key(KEY_ROOT)};
    struct tr34_signer signer = pki_signer(&by);
    struct kf_error err = {0};
    uint8_t out[ROOM];
    const unsigned char *at = out;
    struct der_view der;
    struct tr34_certificate *authority;
    X509_CRL *crl;
    X509 *root = issue(&what, pki_key(KEY_ROOT), &der);
    size_t len;

    authority = read_issued(der);
    ck_assert_msg(tr34_issue_crl(authority, PKI_NOW, PKI_NOW + DAY, &signer, out, ROOM, &len, &err),
                  "%s", err.message);
    crl = d2i_X509_CRL(NULL, &at, (long)len);
    ck_assert_ptr_nonnull(crl);
    ck_assert_ptr_eq(at, out + len);
    ck_assert_int_eq(X509_CRL_verify(crl, pki_key(KEY_ROOT)), 1);
    ck_assert_int_eq(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
    ck_assert_int_eq(X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(root)), 0);
    ck_assert_ptr_null(X509_CRL_get_REVOKED(crl));
    ck_assert_int_ge(X509_CRL_get_ext_by_NID(crl, NID_authority_key_identifier, -1), 0);
    ck_assert_int_ge(X509_CRL_get_ext_by_NID(crl, NID_crl_number, -1), 0);
    ck_assert_int_eq(X509_cmp_time(X509_CRL_get0_nextUpdate(crl), &(time_t){PKI_NOW + DAY}), -1);
    ck_assert_int_eq(X509_cmp_time(X509_CRL_get0_nextUpdate(crl), &(time_t){PKI_NOW + DAY - 1}), 1);
    by.spoil = true;
    ck_assert(!tr34_issue_crl(authority, PKI_NOW, PKI_NOW + DAY, &signer, out, ROOM, &len, &err));
    X509_CRL_free(crl);
    tr34_certificate_free(authority);
    X509_free(root);
}
END_TEST

static bool request(const struct tr34_subject *subject, enum tr34_hash hash, struct pki_signer *by,
                    X509_REQ **made, struct kf_error *err)
{
    struct tr34_signer signer = pki_signer(by);
    uint8_t out[ROOM];
    const unsigned char *at = out;
    size_t len;

    if (!tr34_request(subject, pki_number(pki_key(KEY_LEAF), OSSL_PKEY_PARAM_RSA_N),
                      pki_number(pki_key(KEY_LEAF), OSSL_PKEY_PARAM_RSA_E), hash, &signer, out,
                      ROOM, &len, err))
        return false;
    *made = d2i_X509_REQ(NULL, &at, (long)len);
    ck_assert_ptr_nonnull(*made);
    ck_assert_ptr_eq(at, out + len);
    return true;
}

START_TEST(requests_are_signed_by_their_key)
{
    static const struct {
        enum tr34_hash hash;
        int nid;
    } cases[] = {{TR34_SHA224, NID_sha224WithRSAEncryption},
                 {TR34_SHA256, NID_sha256WithRSAEncryption},
                 {TR34_SHA384, NID_sha384WithRSAEncryption},
                 {TR34_SHA512, NID_sha512WithRSAEncryption}};
    struct tr34_subject subject = ours;

    subject.email = "keys@keyferry.example";
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pki_signer by = {.key = pki_key(KEY_LEAF)};
        struct kf_error err = {0};
        X509_REQ *made;

        ck_assert_msg(request(&subject, cases[i].hash, &by, &made, &err), "%s", err.message);
        ck_assert_int_eq(X509_REQ_verify(made, pki_key(KEY_LEAF)), 1);
        ck_assert_int_eq(EVP_PKEY_eq(X509_REQ_get0_pubkey(made), pki_key(KEY_LEAF)), 1);
        ck_assert_int_eq(X509_REQ_get_signature_nid(made), cases[i].nid);
        expect_name(X509_REQ_get_subject_name(made),
                    "emailAddress=keys@keyferry.example,L=Frankfurt,CN=Keyferry CA,ST=Hessen,"
                    "OU=Payments,O=Keyferry,C=DE");
        X509_REQ_free(made);
    }
}
END_TEST

/* The answer of a token is checked: a wrong signature, another key's, none at all. */
START_TEST(what_the_token_signed_is_checked)
{
    struct tr34_issue what = order(TR34_PROFILE_CA, pki_key(KEY_ROOT), NULL);
    struct pki_signer spoil = {.key = pki_key(KEY_ROOT), .spoil = true},
                      other = {.key = pki_key(KEY_OTHER)},
                      away = {.key = pki_key(KEY_LEAF), .refuse = true};
    struct tr34_signer signer = pki_signer(&spoil);
    struct kf_error err = {0};
    uint8_t out[ROOM];
    X509_REQ *made;
    size_t len;

    ck_assert(!tr34_issue(&what, &signer, out, sizeof out, &len, &err));
    ck_assert_int_eq(err.status, KF_INTERNAL);
    kf_error_clear(&err);
    signer = pki_signer(&other);
    ck_assert(!tr34_issue(&what, &signer, out, sizeof out, &len, &err));
    ck_assert_int_eq(err.status, KF_INTERNAL);
    kf_error_clear(&err);
    ck_assert(!request(&ours, TR34_SHA256, &other, &made, &err));
    ck_assert_int_eq(err.status, KF_INTERNAL);
    kf_error_clear(&err);
    ck_assert(!request(&ours, TR34_SHA256, &away, &made, &err));
    ck_assert_int_eq(err.status, KF_UNAVAILABLE);
    ck_assert_str_eq(err.message, "the token is away");
    kf_error_clear(&err);
    spoil.spoil = false;
    signer = pki_signer(&spoil);
    ck_assert(!tr34_issue(&what, &signer, out, 700, &len, &err));
    ck_assert_int_eq(err.status, KF_VALIDATION);
    ck_assert(strstr(err.message, "longer than any that is kept"));
}
END_TEST

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define U8 "\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC"
#define U64 U8 U8 U8 U8 U8 U8 U8 U8

START_TEST(subjects_have_their_rules)
{
    static const struct {
        struct tr34_subject subject;
        const char *message;
    } cases[] = {
        {{.organization = "A"}, CSR ".CommonName is required."},
        {{.common_name = ""}, CSR ".CommonName: must have 1 to 64 characters."},
        {{.common_name = X64 "x"}, CSR ".CommonName: must have 1 to 64 characters."},
        {{.common_name = U64 "x"}, CSR ".CommonName: must have 1 to 64 characters."},
        {{.common_name = "A\xFF"}, CSR ".CommonName: must have 1 to 64 characters."},
        {{.common_name = "A<b>"}, CSR ".CommonName: must not have any of [ ; ] < >."},
        {{.common_name = "A", .unit = X64 "x"}, CSR ".OrganizationUnit: must have 1 to 64"},
        {{.common_name = "A", .organization = ""}, CSR ".Organization: must have 1 to 64"},
        {{.common_name = "A", .city = X64 X64 "x"}, CSR ".City: must have 1 to 128"},
        {{.common_name = "A", .state = X64 X64 "x"}, CSR ".StateOrProvince: must have 1 to 128"},
        {{.common_name = "A", .state = "a;b"}, CSR ".StateOrProvince: must not have any of"},
        {{.common_name = "A", .country = "D"}, CSR ".Country: must be two letters."},
        {{.common_name = "A", .country = "D1"}, CSR ".Country: must be two letters."},
        {{.common_name = "A", .country = "DEU"}, CSR ".Country: must be two letters."},
        {{.common_name = "A", .country = ""}, CSR ".Country: must be two letters."},
        {{.common_name = "A", .country = "\xC3\xA4x"}, CSR ".Country: must be two letters."},
        {{.common_name = "A", .email = "a"}, CSR ".EmailAddress: must be an address"},
        {{.common_name = "A", .email = "@b"}, CSR ".EmailAddress: must be an address"},
        {{.common_name = "A", .email = "a@"}, CSR ".EmailAddress: must be an address"},
        {{.common_name = "A", .email = "a@b@c"}, CSR ".EmailAddress: must be an address"},
        {{.common_name = "A", .email = "a b@c"}, CSR ".EmailAddress: must be an address"},
        {{.common_name = "A", .email = "\xC3\xBC@c"}, CSR ".EmailAddress: must be an address"},
        {{.common_name = X64, .unit = U64, .city = X64 X64, .country = "de", .email = "a.b+c@d.e"},
         NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kf_error err = {0};
        bool good = tr34_subject_check(&cases[i].subject, CSR, &err);

        if (cases[i].message)
            expect_refusal(good, &err, cases[i].message);
        else
            ck_assert_msg(good, "%s", err.message);
    }
}
END_TEST

/* Whatever passes the check can be written. */
START_TEST(the_longest_subject_is_written)
{
    struct tr34_subject longest = {.common_name = U64,
                                   .unit = U64,
                                   .organization = U64,
                                   .city = U64 U64,
                                   .state = U64 U64,
                                   .country = "DE",
                                   .email =
                                       "a@" X64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"};
    struct pki_signer by = {.key = pki_key(KEY_LEAF)};
    struct kf_error err = {0};
    X509_REQ *made;

    ck_assert_msg(tr34_subject_check(&longest, CSR, &err), "%s", err.message);
    ck_assert_msg(request(&longest, TR34_SHA256, &by, &made, &err), "%s", err.message);
    X509_REQ_free(made);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_ca_certifies_itself,
        serials_are_positive_and_of_one_length,
        leaves_are_what_they_are_for,
        lists_are_empty_and_the_cas_own,
        requests_are_signed_by_their_key,
        what_the_token_signed_is_checked,
        subjects_have_their_rules,
        the_longest_subject_is_written,
    };

    pki_start();
    return run_suite("issue", tests, COUNT(tests));
}
