/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What our own CA issues, and requests to others': certificates (RFC 5280 4), an empty revocation
 * list (5), certificate signing requests (RFC 2986). The private key is the token's: it signs
 * through a callback, and what it signed is verified before it is given out.
 */
#ifndef KF_TR34_ISSUE_H
#define KF_TR34_ISSUE_H

#include <time.h>

#include "base/error.h"
#include "tr34/certificate.h"

enum tr34_hash { TR34_SHA224, TR34_SHA256, TR34_SHA384, TR34_SHA512 };

/* RSA PKCS #1 v1.5 with hash over data into signature, whose room is *signature_len. */
struct tr34_signer {
    bool (*sign)(void *context, enum tr34_hash hash, const uint8_t *data, size_t len,
                 uint8_t *signature, size_t *signature_len, struct kf_error *err);
    void *context;
};

/* A name by its parts, in UTF-8; NULL for one that is not there. */
struct tr34_subject {
    const char *country, *state, *city, *organization, *unit, *common_name, *email;
};
/* AWS's bounds (CertificateSubjectType); field is the request's member. common_name is required. */
bool tr34_subject_check(const struct tr34_subject *subject, const char *field,
                        struct kf_error *err);

/* What a certificate's key is for: basicConstraints, keyUsage. */
enum tr34_profile {
    TR34_PROFILE_CA,        /* keyCertSign, cRLSign; no CA below it */
    TR34_PROFILE_SENDER,    /* digitalSignature */
    TR34_PROFILE_RECIPIENT, /* keyEncipherment, dataEncipherment */
};

#define TR34_SERIAL_BYTES 16

struct tr34_issue {
    enum tr34_profile profile;
    struct tr34_subject subject;
    struct der_view modulus, exponent;        /* of the key that is certified */
    const struct tr34_certificate *authority; /* NULL: it certifies itself */
    uint8_t serial[TR34_SERIAL_BYTES];        /* random; it is made positive */
    time_t not_before, not_after;
};

/* Writes the certificate, *len bytes of DER, into out, which holds room. signer is the authority's
 * key. */
bool tr34_issue(const struct tr34_issue *what, const struct tr34_signer *signer, uint8_t *out,
                size_t room, size_t *len, struct kf_error *err);

/* The same for a list of nothing that the authority has revoked. */
bool tr34_issue_crl(const struct tr34_certificate *authority, time_t this_update,
                    time_t next_update, const struct tr34_signer *signer, uint8_t *out, size_t room,
                    size_t *len, struct kf_error *err);

/* The same for a request, signed with the key's own private half. */
bool tr34_request(const struct tr34_subject *subject, struct der_view modulus,
                  struct der_view exponent, enum tr34_hash hash, const struct tr34_signer *signer,
                  uint8_t *out, size_t room, size_t *len, struct kf_error *err);

#endif
