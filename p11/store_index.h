/* SPDX-License-Identifier: Apache-2.0 */
/* The store's inside, shared by its files only. */
#ifndef KF_P11_STORE_INDEX_H
#define KF_P11_STORE_INDEX_H

#include "p11/objects.h"
#include "p11/store.h"

struct p11_store {
    struct p11_token *token;
    _Atomic uint64_t *changes;
    struct p11_key **keys; /* sorted by id */
    size_t key_count;
    struct p11_alias **aliases; /* sorted by name */
    size_t alias_count;
    uint64_t generations;
};

/* Making a key: a new one with these facts and this state, its name random where NULL; the end of
 * it, where all objects but the card are there: they are checked, the card is made, and the key is
 * in the index. Whatever failed, the key's objects and the key are gone after store_finish with
 * good false. */
struct p11_key *store_begin(struct p11_store *store, const char *name,
                            const struct key_facts *facts, const struct key_state *state,
                            struct kf_error *err);
struct p11_key *store_finish(struct p11_store *store, struct p11_key *key, bool good,
                             struct kf_error *err);
/* The token object of a key under a role, label included (LABEL_MAX bytes at label). */
void store_describe(const struct p11_key *key, enum p11_role role, char *label,
                    struct role_object *object);

/* How a new key of these facts derives on this token: the best that was proven. */
void store_best_way(const struct p11_token *token, const struct key_facts *facts, bool *kdf,
                    enum role_seal *seal);

/* Index arrays. Entries are allocated one by one, so that they stay where they are. Insertion takes
 * ownership, also on failure. */
struct p11_key *store_index_key(const struct p11_store *store, const uint8_t id[KEY_ID_BYTES]);
bool store_insert_key(struct p11_store *store, struct p11_key *key, struct kf_error *err);
void store_remove_key(struct p11_store *store, struct p11_key *key);
struct p11_alias *store_index_alias(const struct p11_store *store, const char *name);
bool store_insert_alias(struct p11_store *store, struct p11_alias *alias, struct kf_error *err);
void store_remove_alias(struct p11_store *store, struct p11_alias *alias);

/* Assembling: a key from the objects with its id, which were read after the moment; NULL without
 * error where there is no card. count > 0. */
struct p11_key *store_assemble(struct p11_store *store, const struct object *objects, size_t count,
                               const struct store_moment *moment, struct kf_error *err);
/* The same from the token, for one id. */
struct p11_key *store_load_key(struct p11_store *store, const uint8_t id[KEY_ID_BYTES],
                               struct kf_error *err);
struct p11_alias *store_load_alias(struct p11_store *store, const char *name, struct kf_error *err);
/* Reads everything anew. */
bool store_load_all(struct p11_store *store, struct kf_error *err);
/* Compares the templates of a key's objects with their roles, and their values with its label,
 * once; what deviates becomes its trouble. */
bool store_verify(struct p11_store *store, struct p11_key *key, struct kf_error *err);

/* Whether the values of a key's objects are the label's, as far as can be told without seeing them:
 * differs is the role of the one that is not, or NULL. */
bool store_check_values(struct p11_store *store, const struct p11_key *key, const char **differs,
                        struct kf_error *err);
/* Whether a sealed key's encryption of zeros does not begin with these bytes: 3 or 8 of TDES, 16 of
 * AES. Where this token cannot compare, it does not differ. */
bool store_sealed_differs(const struct p11_token *token, enum key_algorithm algorithm,
                          CK_OBJECT_HANDLE key, const uint8_t *expected, size_t len, bool *differs,
                          struct kf_error *err);
/* Whether the working key derives by SP 800-108 otherwise than the session object value, a generic
 * secret, would. */
bool store_kdf_differs(const struct p11_token *token, const struct p11_key *key,
                       CK_OBJECT_HANDLE value, bool *differs, struct kf_error *err);
/* A role's object that is its source xored with the role's mask; len is the source's length. */
bool store_make_variant(struct p11_store *store, enum p11_role role, CK_OBJECT_HANDLE source,
                        size_t len, struct p11_template *template, CK_OBJECT_HANDLE *handle,
                        struct kf_error *err);

/* A card is read again: KF_FAULT_STALE where it is no more this key's. */
bool store_read_state(const struct p11_store *store, const struct p11_key *key,
                      struct key_state *state, struct kf_error *err);
/* Whether the token has a card's label exactly as it was written. */
bool store_card_says(const struct p11_store *store, CK_OBJECT_HANDLE card, const char *label,
                     struct kf_error *err);
/* The name that a key is claimed by ("key/..."). */
#define CLAIM_NAME_MAX (sizeof "key/" + KEY_NAME_LEN)
void store_claim_name(const struct p11_key *key, char name[CLAIM_NAME_MAX]);

/* The CKA_ID part of an alias's card: the first bytes of the SHA-256 of its name, so that one
 * search finds all cards of a name. */
void store_alias_id(const char *name, uint8_t id[KEY_ID_BYTES]);
struct p11_alias *store_alias_from(const struct object *object, struct kf_error *err);

/* Which objects a key has. */
bool store_works(const struct key_facts *facts);       /* ROLE_WORKING */
bool store_has_variant(const struct key_facts *facts); /* ROLE_MASK_VARIANT */
bool store_leaves(const struct key_facts *facts);      /* ROLE_EXPORT */

/* Says to the workers of this host that something changed: each reads an entry again at its next
 * use. */
void store_changed(struct p11_store *store);

/* One object of a key under its role. */
struct role_slot {
    enum p11_role role;
    CK_OBJECT_HANDLE *handle;
    bool expected;
};
#define ROLE_SLOTS 9
void store_slots(struct p11_key *key, struct role_slot slots[ROLE_SLOTS]);

#endif
