/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KBEK and KBMK of each key block protection key in use: derived inside the token at its first
 * export, session objects that live as long as the worker, the key and the cache's bound let them.
 * What is kept here beside the handles is K1, the CMAC subkey of the KBMK.
 */
#ifndef KF_DAEMON_WORKER_KBPK_H
#define KF_DAEMON_WORKER_KBPK_H

#include "p11/store.h"
#include "tr31/derive.h"

/* Longer headers are put through each time. */
#define KBPK_HEADER_MAX 64

struct kbpk {
    enum key_algorithm algorithm;
    enum p11_cipher cipher;
    CK_OBJECT_HANDLE kbek, kbmk;
    struct tr31_cmac_subkeys mac; /* of the KBMK */
    /* The last header that was put through the KBMK, and the CBC state it left: most exports under
     * a key have the same header, and each call to the token that is not made counts. */
    char header[KBPK_HEADER_MAX];
    size_t header_len; /* 0: none */
    uint8_t header_state[TR31_BLOCK_MAX];
};

struct kbpk_cache;

/* token outlives the cache. */
struct kbpk_cache *kbpk_cache_new(const struct p11_token *token);
/* Those of a working K0 or K1; owned by the cache, valid until its next call. */
struct kbpk *kbpk_get(struct kbpk_cache *cache, const struct p11_key *key, struct kf_error *err);
/* The KBEK of a working K0 or K1 once more, as a session object that only unwraps: for one job, to
 * be destroyed by its owner. Beside one that wraps it would let a key out that came in sensitive,
 * so it is never kept. */
bool kbpk_derive_import(const struct p11_token *token, const struct p11_key *key,
                        CK_OBJECT_HANDLE *kbek, struct kf_error *err);
/* Destroys those whose key is disabled, to be deleted, gone, refused or another one by now. Does
 * nothing where the last review is fresh (p11/store.h). */
void kbpk_cache_review(struct kbpk_cache *cache, struct p11_store *store);
/* Destroys all: a handle turned out stale, or the worker leaves. */
void kbpk_cache_clear(struct kbpk_cache *cache);
void kbpk_cache_free(struct kbpk_cache *cache);

#endif
