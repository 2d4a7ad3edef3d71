/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles: what each object is and may do, in one table. Every key Keyferry makes is made through it,
 * every key it uses was checked against it. All secrets and private keys are SENSITIVE and PRIVATE;
 * what is in the token also MODIFIABLE=false and COPYABLE=false, where the token takes that; flags
 * a role does not name are false.
 */
#ifndef KF_P11_ROLE_H
#define KF_P11_ROLE_H

#include <stddef.h>
#include <stdint.h>

#include "p11/template.h"
#include "p11/token.h"
#include "tr31/attributes.h"

/* The first byte of CKA_ID of a token object is its role: NSS overwrites a key when another secret
 * is written with its id. */
enum p11_role {
    ROLE_NONE = 0x00,
    /* in the token */
    ROLE_WORKING = 0x01,      /* K0, K1, B0 at work: derives, never leaves */
    ROLE_MASK_VARIANT = 0x02, /* of a TDES B0: derives the right half of an initial key */
    ROLE_EXPORT = 0x04,       /* what leaves: exact bytes, joins only */
    ROLE_KEPT = 0x05,         /* not exportable and not at work: kept, shown, checked */
    ROLE_LEGACY_KBEK = 0x06, /* of a TDES K0 or K1 with legacy import: its KBEK of versions A and */
    ROLE_LEGACY_KBMK = 0x07, /* C, which only unwraps, and its KBMK, which only encrypts */
    ROLE_CARD = 0x10,        /* one byte; its label is what is known about a key */
    ROLE_ALIAS = 0x11,       /* one byte; its label is an alias */
    ROLE_CLAIM = 0x12,       /* one byte; an alias card is being made, or a key's changed */
    ROLE_SIGNING = 0x20,     /* an RSA key that signs: our CA's, a sender's */
    ROLE_UNWRAPPING = 0x21,  /* an RSA key that unwraps what others wrap to it */
    ROLE_CERTIFICATE = 0x22, /* a CA's that is trusted, or of one of these keys */
    /* session objects */
    ROLE_SOURCE = 0x80, /* a new key's value while its objects are made */
    ROLE_KBEK,
    ROLE_KBMK,
    ROLE_IMPORT_KBEK, /* unwraps, for one job */
    ROLE_PAYLOAD,
    ROLE_CHECK_VALUE,
    ROLE_PART,     /* of a TDES key, to be compared with the others */
    ROLE_COVER,    /* random: what secrets are compared under (p11/cover.h) */
    ROLE_CONSTANT, /* L of the CMAC: readable, not key material */
    ROLE_CONTENT,  /* an export's content key, which leaves under the recipient's RSA key: wraps,
                      and encrypts what is public around what it wraps */
    ROLE_CONTENT_SOURCE, /* an import's content key as it was unwrapped, to be made the next two */
    ROLE_IMPORT_CONTENT, /* unwraps */
    ROLE_CONTENT_CHECK,  /* the same value again: wraps and encrypts what was unwrapped, to compare
                          */
    ROLE_RECIPIENT,      /* RSA public key of the recipient's certificate: wraps */
};

#define KEY_ID_BYTES 10
#define OBJECT_ID_BYTES (1 + KEY_ID_BYTES)

const char *role_name(enum p11_role role);
/* Of a role in the token: CKO_SECRET_KEY, CKO_PRIVATE_KEY or CKO_CERTIFICATE. */
CK_OBJECT_CLASS role_class(enum p11_role role);
/* Whether the byte is a role of objects in the token. */
bool role_in_token(uint8_t byte);

/*
 * The template of a session object of this role. algorithm says the key type, and the length where
 * len is 0; for ROLE_PAYLOAD, ROLE_PART, ROLE_CONTENT_SOURCE and ROLE_CONSTANT, which are generic
 * secrets of any length, it is KEY_ALGORITHM_NONE.
 */
void role_session_template(const struct p11_token *token, enum p11_role role,
                           enum key_algorithm algorithm, size_t len, struct p11_template *out);

/*
 * What a key that derives demands of all that is derived from it, by any mechanism, in its
 * CKA_DERIVE_TEMPLATE; where the token has proven that it keeps to that (P11_SEAL). It holds
 * against everybody, a worker too. Kind and length are fixed as well: a result that is cut short is
 * found by search. So are CKA_COPYABLE and CKA_MODIFIABLE, which would undo the rest.
 */
enum role_seal {
    SEAL_NONE,
    SEAL_BLOCK_KEYS, /* of a K0 or K1 that derives by SP 800-108: KBEK and KBMK are keys of its own
                        kind, which are never seen, leave, decrypt or derive */
    SEAL_INITIAL_KEYS, /* of a B0 and its mask variant: an initial key, or a half, is never seen; it
                          may leave, for which it is made */
};

/* The final template of a token object, of a pair its private half's; id, label and parts are
 * referred to, not copied. */
struct role_object {
    enum p11_role role;
    enum key_algorithm algorithm;
    size_t len;          /* 0: as the algorithm says, or one byte where there is none */
    bool kdf;            /* ROLE_WORKING: derive by SP 800-108 only, not by encryption */
    enum role_seal seal; /* ROLE_WORKING, ROLE_MASK_VARIANT */
    uint8_t id[OBJECT_ID_BYTES];
    const char *label;
    const CK_ATTRIBUTE *parts; /* of a certificate: what it says, see p11/object_certificate.c */
    size_t parts_count;
};
void role_token_template(const struct p11_token *token, const struct role_object *object,
                         struct p11_template *out);

/* The template of a session object that a new key's value, of the algorithm's own length, lives in
 * while its objects are derived from it. */
void role_source_template(enum key_algorithm algorithm, bool extractable, struct p11_template *out);

/* The CKA_DERIVE_TEMPLATE of a key of this algorithm; seal is not SEAL_NONE. */
void role_seal_template(const struct p11_token *token, enum role_seal seal,
                        enum key_algorithm algorithm, struct p11_template *out);
/* Whether an object has exactly that; *there is false where it has none, or an empty one. False
 * without error where it has another one, or cannot be asked. */
bool role_seal_check(const struct p11_token *token, CK_OBJECT_HANDLE object, enum role_seal seal,
                     enum key_algorithm algorithm, bool *there, struct kf_error *err);

/* How a key that derives was found to do it. */
struct role_found {
    bool kdf; /* by its list of mechanisms */
    enum role_seal seal;
};

/*
 * Compares a token object with its role: every flag, class, key type, length (len bytes, or 0 as in
 * struct role_object; of an RSA key its modulus'), mechanism list, template for what is derived.
 * What a certificate says is not looked at, nor is its algorithm.
 * Deviations are described in text ("CKA_WRAP is true"), true when there is none. A key without a
 * seal is none: it was made before the token kept to one.
 */
bool role_check(const struct p11_token *token, CK_OBJECT_HANDLE object, enum p11_role role,
                enum key_algorithm algorithm, size_t len, struct role_found *found, char *text,
                size_t room, struct kf_error *err);

#endif
