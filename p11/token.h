/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token as the daemon uses it: a session, and for each operation the mechanism that was proven
 * to do it (p11/profile.h). Everything above this asks for operations; which mechanism serves is
 * data here, never an `if (softhsm)`.
 */
#ifndef KF_P11_TOKEN_H
#define KF_P11_TOKEN_H

#include <stdbool.h>

#include "base/error.h"
#include "p11/cryptoki.h"
#include "p11/session.h"

enum p11_cipher { P11_AES, P11_TDES };

enum p11_hash { P11_SHA224, P11_SHA256, P11_SHA384, P11_SHA512 };

/* The whole vocabulary. */
enum p11_operation {
    P11_DERIVE_AES, /* derive by encryption, ECB */
    P11_DERIVE_TDES,
    P11_KDF_AES, /* SP 800-108 counter mode with CMAC: TR-31's own derivation in one call */
    P11_KDF_TDES,
    P11_JOIN_PREFIX, /* data ‖ key */
    P11_JOIN_SUFFIX, /* key ‖ data */
    P11_JOIN_KEYS,   /* key ‖ key */
    P11_XOR,
    P11_CUT,           /* a run of bits of a key as a key */
    P11_IDENTITY,      /* the same value under another template, straight to a token object */
    P11_IDENTITY_TDES, /* where the result is of a TDES key's type */
    P11_WRAP_AES,      /* CBC with the given IV, whole blocks, nothing padded */
    P11_WRAP_TDES,
    P11_UNWRAP_AES, /* the same back, to a key of the template's */
    P11_UNWRAP_TDES,
    P11_ECB_AES,
    P11_ECB_TDES,
    P11_CBC_AES,
    P11_CBC_TDES,
    P11_CMAC_AES,    /* check values */
    P11_HMAC_SHA224, /* in the order of enum key_algorithm */
    P11_HMAC_SHA256,
    P11_HMAC_SHA384,
    P11_HMAC_SHA512,
    P11_OAEP_SHA256, /* wrap under an RSA key, MGF1 with the same hash, no label */
    P11_OAEP_SHA512,
    P11_OAEP_TDES,          /* the first, of a TDES key that is no generic secret */
    P11_OAEP_UNWRAP_SHA256, /* the same back, to a generic secret */
    P11_OAEP_UNWRAP_SHA512,
    P11_SIGN_SHA224, /* RSA, PKCS #1 v1.5; in the order of enum p11_hash */
    P11_SIGN_SHA256,
    P11_SIGN_SHA384,
    P11_SIGN_SHA512,
    P11_RSA_GENERATE,
    P11_GENERATE_AES, /* a random key */
    P11_GENERATE_TDES,
    P11_GENERATE_SECRET, /* of any length */
    P11_SEAL,            /* what a key demands of all that is derived from it (p11/role.h) holds */
    P11_OPERATIONS,
};

/* How one operation is done on this token. */
struct p11_way {
    bool proven;
    CK_MECHANISM_TYPE mechanism;
    const char *name; /* the mechanism's, "CKM_AES_CBC"; static text, NULL where none is proven */
    bool drop_last_block; /* P11_WRAP_*: the mechanism pads, and the padding block is thrown away */
};

/* What a token object's template may hold: a token that refuses one of these gets keys without it.
 */
struct p11_template_rungs {
    bool allowed_mechanisms, copyable, modifiable;
};

struct p11_token {
    struct p11_session *session;
    struct p11_way ways[P11_OPERATIONS];
    struct p11_template_rungs rungs;
};

/* The operation of one kind for a cipher: P11_DERIVE_AES and P11_AES or P11_TDES, and so on. The
 * enum keeps the pairs together. */
static inline enum p11_operation p11_for(enum p11_operation aes_operation, enum p11_cipher cipher)
{
    return aes_operation + (cipher == P11_TDES ? 1 : 0);
}

#endif
