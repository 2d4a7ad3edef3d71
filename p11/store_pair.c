/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys and certificates in the store: pairs are generated where they stay, so that their
 * private half never is anywhere else. */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p11/object_certificate.h"
#include "p11/rsa.h"
#include "p11/store_claim.h"
#include "p11/store_index.h"

static bool keep_certificate(struct p11_store *store, struct p11_key *key, const uint8_t *der,
                             size_t der_len, struct kf_error *err)
{
    char label[LABEL_MAX];
    struct role_object object;

    store_describe(key, ROLE_CERTIFICATE, label, &object);
    return certificate_make(store->token, &object, der, der_len, &key->certificate, err);
}

static bool make_pair(struct p11_store *store, struct p11_key *key, store_certify certify,
                      void *context, struct kf_error *err)
{
    bool unwraps = key->facts.mode == 'D';
    CK_OBJECT_HANDLE *handle = unwraps ? &key->unwrapping : &key->signing;
    uint8_t modulus[RSA_BYTES_MAX], der[CERTIFICATE_MAX];
    size_t modulus_len, der_len;
    char label[LABEL_MAX];
    struct role_object object;

    store_describe(key, unwraps ? ROLE_UNWRAPPING : ROLE_SIGNING, label, &object);
    if (!rsa_generate(store->token, &object, handle, modulus, &modulus_len, err))
        return false;
    return !certify ||
           (certify(context, key, modulus, modulus_len, der, sizeof der, &der_len, err) &&
            keep_certificate(store, key, der, der_len, err));
}

struct p11_key *store_make_pair(struct p11_store *store, const char *name,
                                const struct key_facts *facts, const struct key_state *state,
                                store_certify certify, void *context, struct kf_error *err)
{
    char claimed[CLAIM_NAME_MAX];
    struct store_claim claim;
    struct p11_key *key;

    /* Of several that make a key of the same name, on any hosts, one does. */
    snprintf(claimed, sizeof claimed, "key/%s", name ? name : "");
    if (name && !store_claim(store, claimed, &claim, err))
        return NULL;
    key = store_begin(store, name, facts, state, err);
    if (key)
        key = store_finish(store, key, make_pair(store, key, certify, context, err), err);
    if (name)
        store_unclaim(store, &claim);
    return key;
}

static void hash(const uint8_t *der, size_t len, char out[KEY_SHA_256_LEN + 1])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    SHA256(der, len, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* Some tokens keep a certificate once only, and two keys for one CA would say nothing more. */
static bool check_new(struct p11_store *store, const char *sha_256, struct kf_error *err)
{
    struct p11_key **keys;
    size_t count;

    if (!store_list_keys(store, &keys, &count, err))
        return false;
    /* One that lost its certificate does not stand in the way of another import. */
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i]->facts.sha_256, sha_256) == 0 &&
            keys[i]->certificate != CK_INVALID_HANDLE)
            return kf_fail(err, KF_CONFLICT, "This certificate is key/%s already.", keys[i]->name);
    return true;
}

/* Of several that import a certificate at one time, on any hosts, one does; the others say where it
 * went, if that can be seen already. */
static bool claim_certificate(struct p11_store *store, const char *sha_256,
                              struct store_claim *claim, struct kf_error *err)
{
    char claimed[sizeof "certificate/" + KEY_SHA_256_LEN];
    struct kf_error failed = {0};

    snprintf(claimed, sizeof claimed, "certificate/%s", sha_256);
    if (store_claim(store, claimed, claim, &failed))
        return true;
    if (failed.status != KF_CONFLICT)
        *err = failed;
    else if (check_new(store, sha_256, err))
        kf_fail(err, KF_CONFLICT,
                "This certificate is being imported by somebody else at this moment; look for it "
                "in list-keys, and try again.");
    return false;
}

struct p11_key *store_make_anchor(struct p11_store *store, const uint8_t *der, size_t der_len,
                                  const struct key_facts *facts, const struct key_state *state,
                                  struct kf_error *err)
{
    struct key_facts whole = *facts;
    struct p11_key *key = NULL;
    struct store_claim claim;

    hash(der, der_len, whole.sha_256);
    if (!check_new(store, whole.sha_256, err) ||
        !claim_certificate(store, whole.sha_256, &claim, err))
        return NULL;
    /* Whoever had it claimed before may have imported it in the meantime. */
    if (check_new(store, whole.sha_256, err))
        key = store_begin(store, NULL, &whole, state, err);
    if (key)
        key = store_finish(store, key, keep_certificate(store, key, der, der_len, err), err);
    store_unclaim(store, &claim);
    return key;
}

bool store_read_certificate(struct p11_store *store, const struct p11_key *key,
                            uint8_t der[CERTIFICATE_MAX], size_t *der_len, struct kf_error *err)
{
    char sha_256[KEY_SHA_256_LEN + 1];

    if (!certificate_read(store->token, key->certificate, der, der_len, err))
        return false;
    if (!key_purpose_is_anchor(key->facts.purpose))
        return true;
    /* A certificate is not private: who reaches the token may put another there without its PIN. */
    hash(der, *der_len, sha_256);
    return strcmp(sha_256, key->facts.sha_256) == 0 ||
           kf_fail(err, KF_CONFLICT,
                   "The certificate of key/%s is not the one that was imported; an operator must "
                   "look at the token.",
                   key->name);
}
