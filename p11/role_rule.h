/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the table of roles, and what follows from it. Used by p11/role*.c only. */
#ifndef KF_P11_ROLE_RULE_H
#define KF_P11_ROLE_RULE_H

#include "p11/role.h"

/* What a role's value is stored as: a key of its algorithm's type, a generic secret, either half of
 * an RSA pair, or a certificate. */
enum shape { SHAPE_TYPED, SHAPE_GENERIC, SHAPE_PRIVATE, SHAPE_PUBLIC, SHAPE_CERTIFICATE };

/* Which mechanisms a role's list names; the numbers follow from cipher and token. */
enum mechanism_set {
    ANY,
    DERIVING,
    MASKING,
    JOINING,
    WRAPPING,
    WRAPPING_AROUND, /* and CBC of what stands around what is wrapped */
    MACING,
    UNWRAPPING,
    CBC,
    SIGNING,
    OAEP_WRAPPING,
    OAEP_UNWRAPPING,
};

struct rule {
    enum p11_role role;
    const char *name;
    enum shape shape;
    bool in_token, sensitive, extractable, derive, wrap, unwrap, encrypt, sign, modifiable;
    enum mechanism_set mechanisms;
};

/* NULL where there is no such role. */
const struct rule *role_rule(enum p11_role role);

CK_OBJECT_CLASS rule_class(const struct rule *rule);
/* Of keys. */
CK_KEY_TYPE rule_key_type(const struct rule *rule, enum key_algorithm algorithm);
/* DES2 and DES3 have their length by type, RSA its modulus; a CKA_VALUE_LEN is an error there. */
bool rule_has_length(CK_KEY_TYPE type);
/* The length of a token object, len as in struct role_object. */
size_t rule_length(enum key_algorithm algorithm, size_t len);

#define RULE_FLAGS 16

struct rule_flag {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
    bool value;
};

/* The flags that an object of this role must have. There is room for two more. */
size_t rule_flags(const struct rule *rule, struct rule_flag out[RULE_FLAGS]);

/* Whether it derives KBEKs or initial keys, which it may seal (enum role_seal). */
static inline bool rule_seals(const struct rule *rule)
{
    return rule->mechanisms == DERIVING || rule->mechanisms == MASKING;
}

/* The mechanisms of its list, as many as are returned; 0: it has none. */
size_t rule_mechanisms(const struct p11_token *token, const struct rule *rule,
                       enum key_algorithm algorithm, bool kdf, CK_MECHANISM_TYPE out[4]);

#endif
