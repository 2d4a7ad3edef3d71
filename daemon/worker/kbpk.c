/* SPDX-License-Identifier: Apache-2.0 */
/* TR-31 / X9.143 key derivation of versions B and D, by token operations. */
#include "daemon/worker/kbpk.h"

#include <stdlib.h>
#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"

/* More KBPKs than one host exports under in a day; the one unused longest makes room. */
#define CACHE_MAX 128

struct entry {
    struct kbpk kbpk;
    char name[KEY_NAME_LEN + 1];
    uint64_t generation, last_use;
};

struct kbpk_cache {
    const struct p11_token *token;
    struct entry entries[CACHE_MAX];
    size_t count;
    uint64_t uses;
    struct store_moment reviewed;
};

struct kbpk_cache *kbpk_cache_new(const struct p11_token *token)
{
    struct kbpk_cache *cache = calloc(1, sizeof *cache);

    if (cache)
        cache->token = token;
    return cache;
}

static void drop(struct kbpk_cache *cache, struct entry *entry)
{
    op_destroy(cache->token, &entry->kbpk.kbek);
    op_destroy(cache->token, &entry->kbpk.kbmk);
    explicit_bzero(entry, sizeof *entry);
}

void kbpk_cache_clear(struct kbpk_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++)
        drop(cache, &cache->entries[i]);
    cache->count = 0;
}

/* What cannot be looked at does not stay: it is derived again from a key that can. */
static bool may_stay(const struct entry *entry, struct p11_store *store)
{
    struct kf_error none = {0};
    const struct p11_key *key = store_key(store, entry->name, &none);

    return key && key->generation == entry->generation && key->state.enabled &&
           key->state.delete_ms == 0;
}

void kbpk_cache_review(struct kbpk_cache *cache, struct p11_store *store)
{
    struct store_moment now = store_moment(store);

    if (store_fresh(store, &cache->reviewed))
        return;
    for (size_t i = cache->count; i-- > 0;) {
        if (may_stay(&cache->entries[i], store))
            continue;
        drop(cache, &cache->entries[i]);
        cache->entries[i] = cache->entries[--cache->count];
        explicit_bzero(&cache->entries[cache->count], sizeof cache->entries[0]);
    }
    cache->reviewed = now;
}

void kbpk_cache_free(struct kbpk_cache *cache)
{
    if (!cache)
        return;
    kbpk_cache_clear(cache);
    free(cache);
}

/* L = E(KBPK, 0), a constant of the CMAC and not key material; made anew each time and never kept.
 */
static bool read_l(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE key,
                   uint8_t *l, size_t block, struct kf_error *err)
{
    static const uint8_t zeros[TR31_BLOCK_MAX];
    struct p11_template template = {0};
    CK_OBJECT_HANDLE constant = CK_INVALID_HANDLE;
    CK_ATTRIBUTE value = {CKA_VALUE, l, block};
    bool good = false;

    role_session_template(token, ROLE_CONSTANT, KEY_ALGORITHM_NONE, block, &template);
    if (op_derive(token, cipher, key, zeros, block, &template, &constant, err) &&
        p11_get_attributes(token->session, constant, &value, 1, err) == CKR_OK)
        good = value.ulValueLen == block ||
               kf_fail(err, KF_INTERNAL, "The token's constant has a wrong length.");
    op_destroy(token, &constant);
    return good;
}

/* Which of a KBPK's keys, and what it may do. */
struct wanted {
    enum tr31_derived_key derived;
    enum p11_role role;
    CK_OBJECT_HANDLE *handle;
};

static bool derive_by_encryption(const struct p11_token *token, const struct p11_key *key,
                                 enum p11_cipher cipher, const struct wanted *wanted,
                                 struct kf_error *err)
{
    enum key_algorithm algorithm = key->facts.algorithm;
    struct tr31_cmac_subkeys subkeys;
    struct p11_template template = {0};
    uint8_t l[TR31_BLOCK_MAX], data[TR31_DERIVATION_MAX];
    size_t len;
    bool good = false;

    if (!read_l(token, cipher, key->working, l, key_algorithm_block(algorithm), err))
        goto out;
    tr31_cmac_subkeys(l, key_algorithm_block(algorithm), &subkeys);
    len = tr31_derivation_data(algorithm, wanted->derived, &subkeys, data);
    role_session_template(token, wanted->role, algorithm, 0, &template);
    good = op_derive(token, cipher, key->working, data, len, &template, wanted->handle, err);

out:
    explicit_bzero(l, sizeof l);
    explicit_bzero(&subkeys, sizeof subkeys);
    explicit_bzero(data, sizeof data);
    return good;
}

static bool derive_by_kdf(const struct p11_token *token, const struct p11_key *key,
                          enum p11_cipher cipher, const struct wanted *wanted, struct kf_error *err)
{
    struct p11_template template = {0};
    uint8_t fixed[TR31_KDF_FIXED_INPUT];

    tr31_kdf_fixed_input(key->facts.algorithm, wanted->derived, fixed);
    role_session_template(token, wanted->role, key->facts.algorithm, 0, &template);
    return op_kdf(token, cipher, key->working, fixed, sizeof fixed, &template, wanted->handle, err);
}

/* The token was asked for sensitive objects that do not leave; whether it made such is looked at
 * before they serve. */
static bool check_sealed(const struct p11_token *token, CK_OBJECT_HANDLE key, struct kf_error *err)
{
    CK_BBOOL sensitive = CK_FALSE, extractable = CK_TRUE;
    CK_ATTRIBUTE flags[] = {{CKA_SENSITIVE, &sensitive, sizeof sensitive},
                            {CKA_EXTRACTABLE, &extractable, sizeof extractable}};

    if (p11_get_attributes(token->session, key, flags, 2, err) != CKR_OK)
        return false;
    if (!sensitive || extractable)
        return kf_fail(err, KF_INTERNAL,
                       "The token derived a key that is readable or may leave; it was not used.");
    return true;
}

/* On failure there may be an object, for the caller to destroy. */
static bool derive_one(const struct p11_token *token, const struct p11_key *key,
                       const struct wanted *wanted, struct kf_error *err)
{
    enum p11_cipher cipher = op_cipher(key->facts.algorithm);

    return (key->kdf ? derive_by_kdf : derive_by_encryption)(token, key, cipher, wanted, err) &&
           check_sealed(token, *wanted->handle, err);
}

static bool derive(const struct p11_token *token, const struct p11_key *key, struct kbpk *out,
                   struct kf_error *err)
{
    static const uint8_t zeros[TR31_BLOCK_MAX];
    uint8_t l[TR31_BLOCK_MAX];
    bool good = false;

    out->algorithm = key->facts.algorithm;
    out->cipher = op_cipher(out->algorithm);
    out->kbek = out->kbmk = CK_INVALID_HANDLE;
    if (!derive_one(token, key, &(struct wanted){TR31_KBEK, ROLE_KBEK, &out->kbek}, err) ||
        !derive_one(token, key, &(struct wanted){TR31_KBMK, ROLE_KBMK, &out->kbmk}, err))
        goto out;
    if (!op_encrypt_ecb(token, out->cipher, out->kbmk, zeros, key_algorithm_block(out->algorithm),
                        l, err))
        goto out;
    tr31_cmac_subkeys(l, key_algorithm_block(out->algorithm), &out->mac);
    good = true;

out:
    explicit_bzero(l, sizeof l);
    if (!good) {
        op_destroy(token, &out->kbek);
        op_destroy(token, &out->kbmk);
    }
    return good;
}

/* A place for one more entry. */
static struct entry *make_place(struct kbpk_cache *cache)
{
    struct entry *oldest = &cache->entries[0];

    if (cache->count < CACHE_MAX)
        return &cache->entries[cache->count++];
    for (size_t i = 1; i < CACHE_MAX; i++)
        if (cache->entries[i].last_use < oldest->last_use)
            oldest = &cache->entries[i];
    drop(cache, oldest);
    return oldest;
}

struct kbpk *kbpk_get(struct kbpk_cache *cache, const struct p11_key *key, struct kf_error *err)
{
    struct kbpk made = {0};
    struct entry *entry = NULL;

    for (size_t i = 0; i < cache->count && !entry; i++)
        if (strcmp(cache->entries[i].name, key->name) == 0)
            entry = &cache->entries[i];
    if (entry && entry->generation == key->generation) {
        entry->last_use = ++cache->uses;
        return &entry->kbpk;
    }
    if (!derive(cache->token, key, &made, err))
        return NULL;
    if (entry)
        drop(cache, entry);
    else
        entry = make_place(cache);
    entry->kbpk = made;
    memcpy(entry->name, key->name, sizeof entry->name);
    entry->generation = key->generation;
    entry->last_use = ++cache->uses;
    explicit_bzero(&made, sizeof made);
    return &entry->kbpk;
}

bool kbpk_derive_import(const struct p11_token *token, const struct p11_key *key,
                        CK_OBJECT_HANDLE *kbek, struct kf_error *err)
{
    *kbek = CK_INVALID_HANDLE;
    if (derive_one(token, key, &(struct wanted){TR31_KBEK, ROLE_IMPORT_KBEK, kbek}, err))
        return true;
    op_destroy(token, kbek);
    return false;
}
