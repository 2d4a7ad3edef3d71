/* SPDX-License-Identifier: Apache-2.0 */
#include "tr34/crl.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tr34/certificate_internal.h"

struct tr34_crl {
    X509_CRL *x509;
    uint8_t *der;
    size_t der_len;
};

static struct tr34_crl *wrap(X509_CRL *x509)
{
    struct tr34_crl *crl = x509 ? calloc(1, sizeof *crl) : NULL;
    int len;

    if (!crl) {
        X509_CRL_free(x509);
        return NULL;
    }
    crl->x509 = x509;
    len = i2d_X509_CRL(x509, &crl->der);
    if (len <= 0) {
        tr34_crl_free(crl);
        return NULL;
    }
    crl->der_len = (size_t)len;
    return crl;
}

struct tr34_crl *tr34_crl_from_der(const char *field, struct der_view der, struct kf_error *err)
{
    const unsigned char *at = der.bytes;
    X509_CRL *x509 = d2i_X509_CRL(NULL, &at, (long)der.len);
    struct tr34_crl *crl = NULL;

    if (x509 && at != der.bytes + der.len) {
        X509_CRL_free(x509);
        x509 = NULL;
    }
    crl = wrap(x509);
    ERR_clear_error();
    if (!crl)
        kf_fail(err, KF_VALIDATION, "%s: is not a certificate revocation list.", field);
    return crl;
}

static uint8_t *read_file(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    uint8_t *bytes = NULL;
    struct stat st;
    ssize_t got;

    *len = 0;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= TR34_CRL_MAX)
        bytes = malloc((size_t)st.st_size);
    while (bytes && *len < (size_t)st.st_size &&
           (got = read(fd, bytes + *len, (size_t)st.st_size - *len)) > 0)
        *len += (size_t)got;
    close(fd);
    return bytes;
}

static X509_CRL *parse(const uint8_t *bytes, size_t len)
{
    static const char begin[] = "-----BEGIN";
    const unsigned char *at = bytes;
    X509_CRL *x509 = NULL;
    BIO *bio;

    if (len < sizeof begin || memcmp(bytes, begin, sizeof begin - 1) != 0)
        return d2i_X509_CRL(NULL, &at, (long)len);
    bio = BIO_new_mem_buf(bytes, (int)len);
    if (bio)
        x509 = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return x509;
}

struct tr34_crl *tr34_crl_load(const char *path, struct kf_error *err)
{
    size_t len;
    uint8_t *bytes = read_file(path, &len);
    struct tr34_crl *crl = bytes ? wrap(parse(bytes, len)) : NULL;

    free(bytes);
    ERR_clear_error();
    if (!crl)
        kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_NONE, path,
                      "The revocation list that the configuration names for this CA cannot be "
                      "read, so none of its certificates is accepted; an operator must put it in "
                      "its place.");
    return crl;
}

void tr34_crl_free(struct tr34_crl *crl)
{
    if (!crl)
        return;
    X509_CRL_free(crl->x509);
    OPENSSL_free(crl->der);
    free(crl);
}

struct der_view tr34_crl_der(const struct tr34_crl *crl)
{
    return (struct der_view){crl->der, crl->der_len};
}

bool tr34_crl_check(const struct tr34_crl *crl, const struct tr34_certificate *authority,
                    time_t now, struct kf_error *err)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl->x509);
    bool own = X509_NAME_cmp(X509_CRL_get_issuer(crl->x509),
                             X509_get_subject_name(authority->x509)) == 0 &&
               X509_CRL_verify(crl->x509, X509_get0_pubkey(authority->x509)) == 1;

    ERR_clear_error();
    if (!own)
        return kf_fail(err, KF_UNAVAILABLE,
                       "The revocation list that the configuration names for %s is not signed by "
                       "it.",
                       authority->name);
    /* It may say that the list is not the whole one (RFC 5280 5.2.4, 5.2.5). */
    if (X509_CRL_get_ext_by_critical(crl->x509, 1, -1) >= 0)
        return kf_fail(err, KF_UNAVAILABLE,
                       "The revocation list of %s has a critical extension; a whole list has none.",
                       authority->name);
    if (X509_cmp_time(X509_CRL_get0_lastUpdate(crl->x509), &now) > 0)
        return kf_fail(err, KF_UNAVAILABLE, "The revocation list of %s is not valid yet.",
                       authority->name);
    if (!next || X509_cmp_time(next, &now) < 0)
        return kf_fail(err, KF_UNAVAILABLE,
                       "The revocation list of %s is out of date; an operator must replace it.",
                       authority->name);
    return true;
}

bool tr34_crl_revokes(const struct tr34_crl *crl, const struct tr34_certificate *certificate)
{
    X509_REVOKED *entry;

    /* 2 is "removed from the list" (RFC 5280 5.3.1), of delta lists only; it revokes here too. */
    return X509_CRL_get0_by_cert(crl->x509, &entry, certificate->x509) != 0;
}
