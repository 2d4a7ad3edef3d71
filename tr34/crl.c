/* SPDX-License-Identifier: Apache-2.0 */
#include "tr34/crl.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
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

static X509_CRL *parse_der(const uint8_t *bytes, size_t len)
{
    const unsigned char *at = bytes;
    X509_CRL *x509 = len > 0 && len <= TR34_CRL_MAX ? d2i_X509_CRL(NULL, &at, (long)len) : NULL;

    if (!x509 || at == bytes + len)
        return x509;
    X509_CRL_free(x509);
    return NULL;
}

struct tr34_crl *tr34_crl_from_der(const char *field, struct der_view der, struct kf_error *err)
{
    struct tr34_crl *crl = wrap(parse_der(der.bytes, der.len));

    ERR_clear_error();
    if (!crl)
        kf_fail(err, KF_VALIDATION, "%s: is not a certificate revocation list.", field);
    return crl;
}

/* Why a file of this kind and size is none; NULL where it may be one. */
static const char *misfit(const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return "it is not a regular file";
    if (st->st_size == 0)
        return "it is empty";
    return st->st_size > TR34_CRL_MAX ? "it is longer than 1 MiB" : NULL;
}

/* why, where nothing was read: static text, or the system's for errno. */
static uint8_t *read_file(const char *path, size_t *len, const char **why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    uint8_t *bytes = NULL;
    struct stat st;
    ssize_t got = 0;

    *len = 0;
    *why = NULL;
    if (fd < 0 || fstat(fd, &st) != 0)
        goto failed;
    *why = misfit(&st);
    if (*why)
        goto out;
    bytes = malloc((size_t)st.st_size);
    while (bytes && *len < (size_t)st.st_size &&
           (got = read(fd, bytes + *len, (size_t)st.st_size - *len)) > 0)
        *len += (size_t)got;
    if (bytes && got >= 0)
        goto out;
    free(bytes);
    bytes = NULL;

failed:
    *why = strerror(errno);
out:
    if (fd >= 0)
        close(fd);
    return bytes;
}

/* One list in PEM, and nothing behind it: a second list would be looked at by nobody. */
static X509_CRL *parse_pem(const uint8_t *bytes, size_t len)
{
    BIO *bio = BIO_new_mem_buf(bytes, (int)len);
    X509_CRL *x509 = bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
    char *rest = NULL;
    long left = x509 ? BIO_get_mem_data(bio, &rest) : 0;
    bool blank = true;

    for (long i = 0; i < left; i++)
        blank = blank && isspace((unsigned char)rest[i]);
    BIO_free(bio);
    if (blank)
        return x509;
    X509_CRL_free(x509);
    return NULL;
}

static X509_CRL *parse(const uint8_t *bytes, size_t len)
{
    static const char begin[] = "-----BEGIN";

    return len > strlen(begin) && memcmp(bytes, begin, strlen(begin)) == 0 ? parse_pem(bytes, len)
                                                                           : parse_der(bytes, len);
}

struct tr34_crl *tr34_crl_load(const char *path, struct kf_error *err)
{
    const char *why;
    size_t len;
    uint8_t *bytes = read_file(path, &len, &why);
    struct tr34_crl *crl = bytes ? wrap(parse(bytes, len)) : NULL;

    free(bytes);
    ERR_clear_error();
    if (!crl)
        kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_NONE, path,
                      "The revocation list that the configuration names for this CA cannot be "
                      "read: %s. None of its certificates is accepted until an operator puts a "
                      "list in its place.",
                      why ? why : "it is not one certificate revocation list, in PEM or DER");
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

static bool refuse(const struct tr34_certificate *authority, const char *reason,
                   struct kf_error *err)
{
    return kf_fail(err, KF_UNAVAILABLE, "The revocation list of %s %s", authority->name, reason);
}

static bool check_signature(const struct tr34_crl *crl, const struct tr34_certificate *authority,
                            struct kf_error *err)
{
    const X509_ALGOR *algorithm;
    bool own = X509_NAME_cmp(X509_CRL_get_issuer(crl->x509),
                             X509_get_subject_name(authority->x509)) == 0 &&
               X509_CRL_verify(crl->x509, X509_get0_pubkey(authority->x509)) == 1;

    ERR_clear_error();
    if (!own)
        return kf_fail(err, KF_UNAVAILABLE,
                       "The revocation list that the configuration names for %s is not signed by "
                       "it.",
                       authority->name);
    /* RFC 5280 6.3.3 (f) */
    if (!(X509_get_key_usage(authority->x509) & KU_CRL_SIGN))
        return refuse(authority, "cannot be relied on: its keyUsage has no cRLSign.", err);
    X509_CRL_get0_signature(crl->x509, NULL, &algorithm);
    return certificate_strong_signature(algorithm) ||
           refuse(authority, "is signed with a weak hash; it must be SHA-256, SHA-384 or SHA-512.",
                  err);
}

bool tr34_crl_check(const struct tr34_crl *crl, const struct tr34_certificate *authority,
                    time_t now, struct kf_error *err)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl->x509);

    if (!check_signature(crl, authority, err))
        return false;
    /* It may say that the list is not the whole one (RFC 5280 5.2.4, 5.2.5). */
    if (X509_CRL_get_ext_by_critical(crl->x509, 1, -1) >= 0)
        return refuse(authority, "has a critical extension; a whole list has none.", err);
    /* 0 is a time that cannot be read. */
    if (X509_cmp_time(X509_CRL_get0_lastUpdate(crl->x509), &now) >= 0)
        return refuse(authority, "is not valid yet.", err);
    if (!next || X509_cmp_time(next, &now) <= 0)
        return refuse(authority, "is out of date; an operator must replace it.", err);
    return true;
}

bool tr34_crl_revokes(const struct tr34_crl *crl, const struct tr34_certificate *certificate)
{
    X509_REVOKED *entry;

    /* 2 is "removed from the list" (RFC 5280 5.3.1), of delta lists only; it revokes here too. */
    return X509_CRL_get0_by_cert(crl->x509, &entry, certificate->x509) != 0;
}
