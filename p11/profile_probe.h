/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the self-test share: throw-away keys whose values are known, objects that are
 * destroyed whatever happens, and the comparisons. Used by p11/profile*.c and p11/trust*.c only.
 */
#ifndef KF_P11_PROFILE_PROBE_H
#define KF_P11_PROFILE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "p11/profile.h"
#include "p11/rsa.h"
#include "p11/template.h"
#include "p11/token.h"

#define KNOWN_MAX 64
#define PROBE_OBJECTS 32

/* What a throw-away key is and may do. What is not named is false, and said to be false: flags left
 * out become true. */
enum {
    PROBE_ENCRYPT = 1 << 0,
    PROBE_SIGN = 1 << 1,
    PROBE_WRAP = 1 << 2,
    PROBE_DERIVE = 1 << 3,
    PROBE_SENSITIVE = 1 << 4,
    PROBE_EXTRACTABLE = 1 << 5,
    PROBE_UNWRAP = 1 << 6,
};

/* A mechanism's name and number, for a table. The second is for those of p11/cryptoki.h. */
#define NAMED(ckm) #ckm, ckm
#define NAMED_KF(ckm) #ckm, KF_##ckm

/* A kind of key a probe is run with. */
struct probe_key {
    const char *name; /* "AES-192" */
    CK_KEY_TYPE type;
    size_t len;
    enum p11_cipher cipher; /* of no meaning to a generic secret */
};

#define RSA_PROBE_BYTES 256

/* What a throw-away RSA key is for. */
enum probe_pair_use { PAIR_SIGNS, PAIR_UNWRAPS };

struct probe_pair {
    CK_OBJECT_HANDLE private_key;   /* CK_INVALID_HANDLE: not made yet */
    uint8_t modulus[RSA_BYTES_MAX]; /* RSA_PROBE_BYTES of it */
};

struct probe {
    struct p11_token *token;
    CK_OBJECT_HANDLE made[PROBE_OBJECTS]; /* to be destroyed */
    size_t count;
    /* Known values are derived from this key; CK_INVALID_HANDLE: they are created. */
    CK_OBJECT_HANDLE seed;
    uint8_t value[KNOWN_MAX];   /* every known key is the beginning of this */
    struct probe_pair pairs[2]; /* by enum probe_pair_use; kept until the self-test's end */
    bool takes_seals;           /* a key in the token shows its CKA_DERIVE_TEMPLATE */
};

/* "wrong result" and the like: a failure that is the token's answer. */
bool probe_fail(struct kf_error *err, const char *what);

/* Every object a probe makes goes through one of these and is destroyed by the next probe_release
 * to a mark before it. */
bool probe_keep(struct probe *probe, CK_OBJECT_HANDLE object, struct kf_error *err);
void probe_release(struct probe *probe, size_t mark);

/* len 0: no length is said. */
void probe_template(struct p11_template *out, CK_KEY_TYPE type, size_t len, unsigned uses);
/* The attributes of probe_template but TOKEN, for a template that begins otherwise. */
void probe_template_uses(struct p11_template *out, CK_KEY_TYPE type, size_t len, unsigned uses);
/* An AES-256 session key of an unknown value. */
bool probe_generate(struct probe *probe, unsigned uses, CK_OBJECT_HANDLE *key,
                    struct kf_error *err);

/* Finds out how known values can be made here, and makes the value. */
bool known_start(struct probe *probe, struct kf_error *err);
/* A session key of this kind whose value is the first key->len bytes of probe->value. */
bool known_key(struct probe *probe, const struct probe_key *key, unsigned uses,
               CK_OBJECT_HANDLE *out, struct kf_error *err);

/* Whether the object's readable value, or its encryption of zeros, or its wrapped form, is what
 * value says. The latter two are skipped where the token has no proven way to do them, or the
 * length is not whole blocks. */
bool probe_reads_as(struct probe *probe, CK_OBJECT_HANDLE object, const uint8_t *value, size_t len,
                    struct kf_error *err);
bool probe_encrypts_as(struct probe *probe, const struct probe_key *key, CK_OBJECT_HANDLE object,
                       const uint8_t *value, struct kf_error *err);
bool probe_wraps_as(struct probe *probe, CK_OBJECT_HANDLE object, const uint8_t *value, size_t len,
                    struct kf_error *err);

/* The same, wrapped under a known key of the kind given, with an IV that is not zero. */
bool probe_wraps_under(struct probe *probe, const struct probe_key *key, CK_OBJECT_HANDLE object,
                       const uint8_t *value, size_t len, struct kf_error *err);

/* The probes, one known answer each for one kind of key. token->ways holds the way under test. */
bool probe_ecb(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_cbc(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_cmac(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_hmac_sha224(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_hmac_sha256(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_hmac_sha384(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_hmac_sha512(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_wrap(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_unwrap(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_derive(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_kdf(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_join_prefix(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_join_suffix(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_join_keys(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_xor(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_cut(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_identity(struct probe *probe, const struct probe_key *key, struct kf_error *err);
/* After the rungs: they are in the seal. */
bool probe_seal(struct probe *probe, const struct probe_key *key, struct kf_error *err);

/* A throw-away RSA-2048 key, made when it is first asked for; probe_pairs_release destroys all. */
bool probe_pair(struct probe *probe, enum probe_pair_use use, const struct probe_pair **out,
                struct kf_error *err);
/* One that the token itself made; its handle is the caller's to destroy. */
bool probe_pair_generate(struct probe *probe, enum probe_pair_use use, struct probe_pair *pair,
                         struct kf_error *err);
void probe_pairs_release(struct probe *probe);

bool probe_generate_key(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_rsa_generate(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_sign_sha224(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_sign_sha256(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_sign_sha384(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_sign_sha512(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_oaep_sha256(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_oaep_sha512(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_oaep_tdes(struct probe *probe, const struct probe_key *key, struct kf_error *err);
bool probe_unwrap_oaep_sha256(struct probe *probe, const struct probe_key *key,
                              struct kf_error *err);
bool probe_unwrap_oaep_sha512(struct probe *probe, const struct probe_key *key,
                              struct kf_error *err);

/* A throw-away token object with the rungs given: known_key's value by the identity if that is
 * proven, else generated. */
bool probe_object(struct probe *probe, const struct probe_key *key, unsigned uses,
                  const struct p11_template_rungs *rungs, CK_OBJECT_HANDLE *result,
                  struct kf_error *err);
/* The same with a CKA_DERIVE_TEMPLATE. */
bool probe_sealing(struct probe *probe, const struct probe_key *key, unsigned uses,
                   const struct p11_template_rungs *rungs, const struct p11_template *seal,
                   CK_OBJECT_HANDLE *result, struct kf_error *err);
/* Whether the attribute can be read and is what is expected. */
bool probe_reads_flag(struct probe *probe, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                      bool expected);
/* Fills in token->rungs, by trying each with the ones before it. */
bool probe_rungs(struct probe *probe, struct kf_error *err);
/* Destroys throw-away token objects that a killed self-test left. */
bool probe_sweep(struct probe *probe, struct kf_error *err);

/* Tries what the token should refuse: p11/trust.c. */
void trust_check(struct probe *probe, enum profile_check check, struct p11_profile *profile);

#endif
