/* SPDX-License-Identifier: Apache-2.0 */
/* Our own CA: an RSA key in the token and its self-signed certificate, one for the token. It
 * certifies the keys of tokens for export and import, and key pairs that somebody asks for. */
#ifndef KF_DAEMON_WORKER_AUTHORITY_H
#define KF_DAEMON_WORKER_AUTHORITY_H

#include <time.h>

#include "daemon/worker/service_internal.h"
#include "tr34/issue.h"

struct authority {
    struct service *service;
    CK_OBJECT_HANDLE signing;
    struct tr34_certificate *certificate;
};

/* Finds it; KF_CONFLICT where it has not been made, with the hint that init-ca does. To be ended by
 * authority_close, also after a failure. */
bool authority_open(struct service *service, struct authority *authority, struct kf_error *err);
void authority_close(struct authority *authority);

/* Makes it; KF_CONFLICT where there is one. authority is open then. */
bool authority_make(struct service *service, const struct tr34_subject *subject,
                    struct authority *authority, struct kf_error *err);

/* The time, or when the CA itself ends where that is earlier. */
time_t authority_until(const struct authority *authority, time_t wanted);

/* What a key pair is certified for, from an hour ago until not_after. unit goes into the subject,
 * beside the account. */
struct authority_leaf {
    const struct authority *authority;
    enum tr34_profile profile;
    const char *unit;
    time_t not_after;
};
/* Certifies a key pair with this modulus: a store_certify of a struct authority_leaf. */
bool authority_certify(void *leaf, const struct p11_key *key, const uint8_t *modulus,
                       size_t modulus_len, uint8_t *der, size_t room, size_t *der_len,
                       struct kf_error *err);

/* Its revocation list, of nothing, current until not_after. */
bool authority_crl(const struct authority *authority, time_t not_after, uint8_t *der, size_t room,
                   size_t *der_len, struct kf_error *err);

/* Signs with any key of the store that may (ROLE_SIGNING). */
struct authority_key {
    const struct p11_token *token;
    CK_OBJECT_HANDLE signing;
};
struct tr34_signer authority_signer(struct authority_key *key);

#endif
