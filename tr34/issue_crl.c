/* SPDX-License-Identifier: Apache-2.0 */
/* The empty revocation list (RFC 5280 5.1): written by hand, since OpenSSL sets the algorithm in
 * the part that is signed only together with a signature of its own. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tr34/certificate_internal.h"
#include "tr34/crl.h"
#include "tr34/issue_internal.h"

#define PART_MAX 2048

static void put_owned(struct der_writer *writer, unsigned char *der, int len, bool *good)
{
    *good = *good && len > 0;
    if (len > 0)
        der_put(writer, (struct der_view){der, (size_t)len});
    OPENSSL_free(der);
}

static void put_time(struct der_writer *writer, time_t when, bool *good)
{
    ASN1_TIME *time = ASN1_TIME_set(NULL, when);
    unsigned char *der = NULL;
    int len = time ? i2d_ASN1_TIME(time, &der) : 0;

    put_owned(writer, der, len, good);
    ASN1_TIME_free(time);
}

static bool add(X509_CRL *crl, X509 *authority, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool good;

    X509V3_set_ctx(&context, authority, NULL, NULL, crl, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    good = extension && X509_CRL_add_ext(crl, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

/* The CA's key, and a number that grows: the time. */
static void put_extensions(struct der_writer *writer, X509 *authority, time_t this_update,
                           bool *good)
{
    X509_CRL *crl = X509_CRL_new();
    unsigned char *der = NULL;
    char number[24];
    size_t tagged;
    int len = 0;

    snprintf(number, sizeof number, "%lld", (long long)this_update);
    if (crl && add(crl, authority, NID_authority_key_identifier, "keyid:always") &&
        add(crl, authority, NID_crl_number, number))
        len = i2d_X509_EXTENSIONS(X509_CRL_get0_extensions(crl), &der);
    tagged = der_open(writer, DER_GROUP_0);
    put_owned(writer, der, len, good);
    der_close(writer, tagged);
    X509_CRL_free(crl);
}

bool tr34_issue_crl(const struct tr34_certificate *authority, time_t this_update,
                    time_t next_update, const struct tr34_signer *signer, uint8_t *out, size_t room,
                    size_t *len, struct kf_error *err)
{
    uint8_t part[PART_MAX];
    struct der_writer writer = {part, sizeof part, 0};
    size_t whole = der_open(&writer, DER_SEQUENCE);
    unsigned char *name = NULL;
    int name_len;
    struct tr34_crl *made;
    bool good = true;

    der_put_small(&writer, X509_CRL_VERSION_2);
    good = issue_put_algorithm(&writer, TR34_SHA256);
    name_len = i2d_X509_NAME(X509_get_subject_name(authority->x509), &name);
    put_owned(&writer, name, name_len, &good);
    put_time(&writer, this_update, &good);
    put_time(&writer, next_update, &good);
    put_extensions(&writer, authority->x509, this_update, &good);
    der_close(&writer, whole);
    if (!good || writer.len > sizeof part)
        return issue_failed(err);
    if (!issue_sign(part, (int)writer.len, TR34_SHA256, signer, out, room, len, err))
        return false;
    made = tr34_crl_from_der("A revocation list made here", (struct der_view){out, *len}, err);
    good = made && tr34_crl_check(made, authority, this_update, err);
    tr34_crl_free(made);
    return good;
}
