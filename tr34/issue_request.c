/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate signing requests (RFC 2986). */
#include <openssl/err.h>
#include <openssl/x509.h>

#include "tr34/certificate_internal.h"
#include "tr34/issue_internal.h"

static X509_REQ *draft(const struct tr34_subject *subject, EVP_PKEY *key)
{
    X509_REQ *request = X509_REQ_new();
    X509_NAME *name = issue_name(subject);
    bool good = request && name && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
                X509_REQ_set_subject_name(request, name) == 1 &&
                X509_REQ_set_pubkey(request, key) == 1;

    X509_NAME_free(name);
    if (good)
        return request;
    X509_REQ_free(request);
    return NULL;
}

static bool check(EVP_PKEY *key, const uint8_t *der, size_t len, struct kf_error *err)
{
    const unsigned char *at = der;
    X509_REQ *made = d2i_X509_REQ(NULL, &at, (long)len);
    bool good = made && X509_REQ_verify(made, key) == 1;

    X509_REQ_free(made);
    ERR_clear_error();
    return good ||
           kf_fail(err, KF_INTERNAL, "The token's signature is not that of the key's request.");
}

bool tr34_request(const struct tr34_subject *subject, struct der_view modulus,
                  struct der_view exponent, enum tr34_hash hash, const struct tr34_signer *signer,
                  uint8_t *out, size_t room, size_t *len, struct kf_error *err)
{
    EVP_PKEY *key = certificate_key(modulus, exponent);
    X509_REQ *request = key ? draft(subject, key) : NULL;
    unsigned char *part = NULL;
    int part_len = request ? i2d_re_X509_REQ_tbs(request, &part) : 0;
    bool good =
        issue_sign(part, part_len, hash, signer, out, room, len, err) && check(key, out, *len, err);

    OPENSSL_free(part);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return good;
}
