/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates. */
#include "tr34/issue.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "tr34/certificate_internal.h"
#include "tr34/issue_internal.h"

static bool add(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool good;

    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    good = extension && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool add_extensions(X509 *x509, const struct tr34_issue *what)
{
    static const struct {
        const char *constraints, *usage;
    } profiles[] = {
        [TR34_PROFILE_CA] = {"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign"},
        [TR34_PROFILE_SENDER] = {"critical,CA:FALSE", "critical,digitalSignature"},
        [TR34_PROFILE_RECIPIENT] = {"critical,CA:FALSE",
                                    "critical,keyEncipherment,dataEncipherment"},
    };
    X509 *issuer = what->authority ? what->authority->x509 : x509;

    return add(x509, issuer, NID_basic_constraints, profiles[what->profile].constraints) &&
           add(x509, issuer, NID_key_usage, profiles[what->profile].usage) &&
           add(x509, issuer, NID_subject_key_identifier, "hash") &&
           (!what->authority || add(x509, issuer, NID_authority_key_identifier, "keyid:always"));
}

static bool set_serial(X509 *x509, const uint8_t serial[TR34_SERIAL_BYTES])
{
    uint8_t positive[TR34_SERIAL_BYTES];
    ASN1_INTEGER *number;
    BIGNUM *value;
    bool good;

    /* RFC 5280 4.1.2.2: positive; the second bit makes all of one length. */
    memcpy(positive, serial, sizeof positive);
    positive[0] = (uint8_t)((positive[0] & 0x7F) | 0x40);
    value = BN_bin2bn(positive, sizeof positive, NULL);
    number = value ? BN_to_ASN1_INTEGER(value, NULL) : NULL;
    good = number && X509_set_serialNumber(x509, number) == 1;
    ASN1_INTEGER_free(number);
    BN_free(value);
    return good;
}

static bool set_names(X509 *x509, const struct tr34_issue *what)
{
    X509_NAME *subject = issue_name(&what->subject);
    const X509_NAME *issuer =
        what->authority ? X509_get_subject_name(what->authority->x509) : subject;
    bool good = subject && X509_set_subject_name(x509, subject) == 1 &&
                X509_set_issuer_name(x509, issuer) == 1;

    X509_NAME_free(subject);
    return good;
}

static bool set_algorithm(const X509_ALGOR *algorithm)
{
    /* OpenSSL sets it only together with a signature of its own. */
    return X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)algorithm,
                           OBJ_nid2obj(issue_algorithm(TR34_SHA256)), V_ASN1_NULL, NULL) == 1;
}

static X509 *draft(const struct tr34_issue *what, EVP_PKEY *key)
{
    X509 *x509 = X509_new();

    if (x509 && X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509, what->serial) &&
        set_names(x509, what) && ASN1_TIME_set(X509_getm_notBefore(x509), what->not_before) &&
        ASN1_TIME_set(X509_getm_notAfter(x509), what->not_after) &&
        X509_set_pubkey(x509, key) == 1 && add_extensions(x509, what) &&
        set_algorithm(X509_get0_tbs_sigalg(x509)))
        return x509;
    X509_free(x509);
    return NULL;
}

/* What the token signed is the certificate that was meant. */
static bool check(const struct tr34_issue *what, const uint8_t *der, size_t len,
                  struct kf_error *err)
{
    static const char field[] = "A certificate made here";
    struct tr34_certificate *made =
        tr34_certificate_from_der(field, (struct der_view){der, len}, err);
    bool good =
        made && X509_verify(made->x509, X509_get0_pubkey(what->authority ? what->authority->x509
                                                                         : made->x509)) == 1;

    tr34_certificate_free(made);
    ERR_clear_error();
    return good ||
           kf_fail(err, KF_INTERNAL, "The token's signature is not that of the CA's certificate.");
}

bool tr34_issue(const struct tr34_issue *what, const struct tr34_signer *signer, uint8_t *out,
                size_t room, size_t *len, struct kf_error *err)
{
    EVP_PKEY *key = certificate_key(what->modulus, what->exponent);
    X509 *x509 = key ? draft(what, key) : NULL;
    unsigned char *part = NULL;
    int part_len = x509 ? i2d_re_X509_tbs(x509, &part) : 0;
    bool good = issue_sign(part, part_len, TR34_SHA256, signer, out, room, len, err) &&
                check(what, out, *len, err);

    OPENSSL_free(part);
    X509_free(x509);
    EVP_PKEY_free(key);
    return good;
}
