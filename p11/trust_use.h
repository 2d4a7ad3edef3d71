/* SPDX-License-Identifier: Apache-2.0 */
/* The uses of a key that the trust checks try, one row each, whatever the mechanism list says. For
 * p11/trust*.c only. */
#ifndef KF_P11_TRUST_USE_H
#define KF_P11_TRUST_USE_H

#include "p11/profile_probe.h"

struct use_row {
    const char *name;
    CK_MECHANISM_TYPE mechanism;
    unsigned flag; /* PROBE_ENCRYPT, _SIGN, _WRAP or _DERIVE: what the key must be allowed */
    int param;     /* of trust_use.c */
    size_t len;    /* PROBE_DERIVE: of the result, without truncation, from a 32-byte key */
    bool join;     /* the result holds the key's own bytes */
};

/* All rows; a row's key is an AES-256 key. */
extern const struct use_row use_rows[];
extern const size_t use_row_count;
/* RSA-OAEP wrapping under a public key, which use_public_key makes. */
#define USE_OAEPS 2
extern const struct use_row use_oaep[USE_OAEPS];

/*
 * Uses the key. other is the key to be wrapped or to be joined to it. result says what a derived
 * key is to be (flags of profile_probe.h); *made is kept in the probe. Both only count for
 * PROBE_DERIVE, where *made may be NULL.
 */
CK_RV use_key(struct probe *probe, const struct use_row *row, CK_OBJECT_HANDLE key,
              CK_OBJECT_HANDLE other, unsigned result, CK_OBJECT_HANDLE *made);

/* A session RSA public key that may wrap; nobody has its private key. */
bool use_public_key(struct probe *probe, CK_OBJECT_HANDLE *key, struct kf_error *err);

#endif
