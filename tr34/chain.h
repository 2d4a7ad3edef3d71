/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a certificate is to be trusted: by the one CA that the request names and those above it,
 * up to its root, and nobody else (RFC 5280 6). Validated at every use; nothing is remembered.
 */
#ifndef KF_TR34_CHAIN_H
#define KF_TR34_CHAIN_H

#include <time.h>

#include "base/error.h"
#include "tr34/certificate.h"
#include "tr34/crl.h"

/* Roots and what may be below them, but for the leaf. */
#define TR34_CHAIN_MAX 8

struct tr34_authority {
    const struct tr34_certificate *certificate;
    const struct tr34_crl *crl; /* NULL: nothing of this CA's is looked up */
};

struct tr34_chain {
    /* The one that the request names, the one above it, and so on; the last is self-signed. */
    struct tr34_authority authorities[TR34_CHAIN_MAX];
    size_t count;
    const char *field; /* the request's member that names the first */
};

/* What a certificate is for: to encrypt a key to (KRD), to verify a sender's signature (KDH), to be
 * a CA itself. keyUsage is looked at only where there is one: AWS's partners have leaves without
 * any extension. */
enum tr34_purpose { TR34_RECIPIENT, TR34_SENDER, TR34_CA };

/*
 * Checks the whole chain at the time now: signatures, validity, CA flags, key usage, key sizes,
 * hashes (no MD5, no SHA-1; a root's own signature proves nothing and may have any), how many CAs
 * may follow one, revocation. A leaf is no CA, may not sign certificates, is not self-signed, has
 * no CA's key of this chain, and no extendedKeyUsage of another service only. Its modulus is looked
 * into last, once it is certified; a CA's was when it was imported. A refusal is a KF_VALIDATION
 * that names field, which the certificate came in, or the chain's, the certificate's subject, and
 * the reason; a CRL that cannot serve is a KF_UNAVAILABLE.
 */
bool tr34_chain_check(const struct tr34_chain *chain, const struct tr34_certificate *leaf,
                      const char *field, enum tr34_purpose purpose, time_t now,
                      struct kf_error *err);

/* Whether a certificate of a key of our own can serve now: what can be said of it without its CA.
 */
bool tr34_own_check(const struct tr34_certificate *own, const char *field,
                    enum tr34_purpose purpose, time_t now, struct kf_error *err);

/* Whether a certificate may become a root: self-signed, a CA's that is in order now, with a
 * modulus that can be one. */
bool tr34_root_check(const struct tr34_certificate *root, const char *field, time_t now,
                     struct kf_error *err);

#endif
