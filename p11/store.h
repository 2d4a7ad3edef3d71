/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key store: the keys and aliases in the token, by an index in memory. Everything that is known
 * about them is in the token; the index only remembers handles. On this host a change binds at once
 * (a shared counter says that something changed), from other hosts within half a second (an entry
 * older than that is read again before it is used). A miss searches the token; nothing else on the
 * way of an export does.
 *
 * A key without a card does not exist. Two objects with one id and role, an object whose label
 * contradicts the card, or whose template is not its role's: the key is shown but refused
 * (KF_CONFLICT).
 */
#ifndef KF_P11_STORE_H
#define KF_P11_STORE_H

#include <stdatomic.h>
#include <stdint.h>

#include "p11/label.h"
#include "p11/object_certificate.h"
#include "p11/role.h"

struct p11_store;

/* When an entry was read from the token: taken before the reading, so that no change that comes
 * meanwhile is missed. */
struct store_moment {
    int64_t ms;
    uint64_t change;
};

/* How long what was read from the token serves before it is read again. */
#define STORE_FRESH_MS 400

struct p11_key {
    uint8_t id[KEY_ID_BYTES];
    char name[KEY_NAME_LEN + 1];
    struct key_facts facts;
    struct key_state state;
    CK_OBJECT_HANDLE card, working, mask_variant, export_copy, kept, legacy_kbek, legacy_kbmk;
    CK_OBJECT_HANDLE signing, unwrapping, certificate; /* of an RSA key */
    bool kdf;                                          /* the working key derives by SP 800-108 */
    enum role_seal seal; /* what it demands of what is derived from it */
    bool unsealed;       /* it lacks what a key that is made now has: kdf or seal */
    uint64_t generation; /* another number when other objects are behind the name: what was derived
                            from them is void */
    char trouble[160];   /* why the key is refused; empty for a good one */
    bool contradictory;  /* more is wrong than that an object is missing */
    /* the store's own */
    bool verified;
    bool stale; /* one of its handles may name nothing any more */
    struct store_moment checked;
};

struct p11_alias {
    char name[ALIAS_NAME_MAX + 1];
    char key_name[KEY_NAME_LEN + 1]; /* empty: points nowhere */
    CK_OBJECT_HANDLE card;
    bool duplicate; /* two cards with this name: refused */
    /* the store's own */
    struct store_moment checked;
};

/* token and changes outlive the store. */
struct p11_store *store_open(struct p11_token *token, _Atomic uint64_t *changes,
                             struct kf_error *err);
void store_close(struct p11_store *store);

/* Now, and whether what was read at that moment may still serve: no worker of this host has changed
 * anything since, and it was less than STORE_FRESH_MS ago. */
struct store_moment store_moment(const struct p11_store *store);
bool store_fresh(const struct p11_store *store, const struct store_moment *read);

/* Some object's handle turned out stale: all objects of a key are looked up again at its next use.
 */
void store_forget(struct p11_store *store);

/*
 * The key of an id (16 characters) or the alias of a name, as they are now; owned by the store,
 * valid until its next call. KF_NOT_FOUND where there is none, KF_CONFLICT for one that must not be
 * used. store_key_any also gives a key in trouble.
 */
struct p11_key *store_key(struct p11_store *store, const char *name, struct kf_error *err);
struct p11_key *store_key_any(struct p11_store *store, const char *name, struct kf_error *err);
struct p11_alias *store_alias(struct p11_store *store, const char *name, struct kf_error *err);
/* A key of Keyferry's own, which the others do not find: our CA's, or that of a token for export or
 * import. */
struct p11_key *store_own_key(struct p11_store *store, const char *name, enum key_purpose purpose,
                              struct kf_error *err);

/* All keys, Keyferry's own too, sorted by id, all aliases sorted by name, read anew from the token.
 * Owned by the store.
 */
bool store_list_keys(struct p11_store *store, struct p11_key ***keys, size_t *count,
                     struct kf_error *err);
bool store_list_aliases(struct p11_store *store, struct p11_alias ***aliases, size_t *count,
                        struct kf_error *err);

/* Whether this token can be given keys with that algorithm letter; KF_VALIDATION says why not. */
bool store_can_make(const struct p11_token *token, char algorithm, struct kf_error *err);
/*
 * Makes a key's objects from a session object that holds its value (ROLE_SOURCE template, or
 * another tool's object with CKA_DERIVE), the card last. facts are complete but for created_ms,
 * state but for start_ms, which for an enabled key is the same.
 * What was made is destroyed again on failure.
 */
struct p11_key *store_make(struct p11_store *store, CK_OBJECT_HANDLE source,
                           const struct key_facts *facts, const struct key_state *state,
                           struct kf_error *err);
/* Makes the certificate, DER, of the new key pair with this modulus (exponent 65537) into der,
 * which holds room bytes. The key is not in the store yet, but can sign. */
typedef bool (*store_certify)(void *context, const struct p11_key *key, const uint8_t *modulus,
                              size_t modulus_len, uint8_t *der, size_t room, size_t *der_len,
                              struct kf_error *err);
/*
 * Makes an RSA key pair in the token, and what facts' purpose asks to be kept with it: certify is
 * NULL for a pair without a certificate. facts and state as in store_make; name, where not NULL, is
 * the key's instead of a random one.
 */
struct p11_key *store_make_pair(struct p11_store *store, const char *name,
                                const struct key_facts *facts, const struct key_state *state,
                                store_certify certify, void *context, struct kf_error *err);
/* Keeps a CA's certificate, and its SHA-256 in the facts. KF_CONFLICT where a key has it already,
 * or somebody else, on any host, is importing it. */
struct p11_key *store_make_anchor(struct p11_store *store, const uint8_t *der, size_t der_len,
                                  const struct key_facts *facts, const struct key_state *state,
                                  struct kf_error *err);
/* The certificate that is kept with a key; KF_CONFLICT where a CA's is not the one whose SHA-256 is
 * in the facts. */
bool store_read_certificate(struct p11_store *store, const struct p11_key *key,
                            uint8_t der[CERTIFICATE_MAX], size_t *der_len, struct kf_error *err);
/* Destroys a key whose deletion is due, without waiting for the next sweep. */
void store_destroy_due(struct p11_store *store, struct p11_key *key);

/* The check value of the value in source, by the algorithm's own method, into facts: TDES the
 * encryption of zeros, AES the CMAC of a block of zeros, HMAC that of no message; the first 3
 * bytes. facts says the length of an HMAC key. */
bool store_check_value(const struct p11_token *token, CK_OBJECT_HANDLE source,
                       enum key_algorithm algorithm, struct key_facts *facts, struct kf_error *err);

/* Refuses (KF_VALIDATION) a TDES key with equal parts; nothing else about its parts comes out of
 * the token. A key that was generated is not asked: by chance that is one in 2^56. */
bool store_check_parts(const struct p11_token *token, CK_OBJECT_HANDLE source,
                       enum key_algorithm algorithm, struct kf_error *err);

/* Makes of a key's state what it is to become, or refuses. */
typedef bool (*store_change)(void *context, const struct p11_key *key, struct key_state *state,
                             struct kf_error *err);
/*
 * Changes a key's state. A card's label is written whole, so that of two changes at one time the
 * later would undo the earlier; therefore the key is claimed first (p11/store_claim.h), and change
 * gets the state that the token has then. KF_CONFLICT: somebody else, on any host, is changing the
 * key. What a crash leaves behind holds up a key's next change for CLAIM_DEAD_MS. A program that
 * writes labels without a claim is noticed only where it does so within the change.
 */
bool store_change_state(struct p11_store *store, struct p11_key *key, store_change change,
                        void *context, struct kf_error *err);

/* key_name may be empty. create: KF_CONFLICT where the name is taken, or somebody else is making
 * it; of several that do so at one time, on any hosts, one succeeds. */
struct p11_alias *store_alias_create(struct p11_store *store, const char *name,
                                     const char *key_name, struct kf_error *err);
bool store_alias_point(struct p11_store *store, struct p11_alias *alias, const char *key_name,
                       struct kf_error *err);
bool store_alias_delete(struct p11_store *store, struct p11_alias *alias, struct kf_error *err);

/* Destroys the keys whose deletion is due, their aliases' pointing left alone, and what an
 * interrupted creation left behind (objects without a card, ten minutes to a day old; older ones
 * are only shown). A destruction that was interrupted is finished; a key that contradicts itself is
 * left for an operator. */
bool store_sweep(struct p11_store *store, struct kf_error *err);

/* Everything in the token that is not as it should be, one call of report for each. */
typedef void (*store_report)(void *context, const char *kind, const char *object,
                             const char *detail);
bool store_inspect(struct p11_store *store, store_report report, void *context,
                   struct kf_error *err);

#endif
