/* SPDX-License-Identifier: Apache-2.0 */
/* Making a key: all its objects from one source, each in one call with its whole final template,
 * the card last. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base32.h"
#include "base/hex.h"
#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/store_index.h"

/* What a key is xored with for its variants, 8 bytes for each of its parts. X9.24-1: the BDK's
 * variant for the right half of an initial key. X9.143:2021, key block versions A and C: KBEK and
 * KBMK. */
static const struct variant {
    enum p11_role role;
    uint8_t mask[8];
} variants[] = {
    {ROLE_MASK_VARIANT, {0xC0, 0xC0, 0xC0, 0xC0, 0, 0, 0, 0}},
    {ROLE_LEGACY_KBEK, {0x45, 0x45, 0x45, 0x45, 0x45, 0x45, 0x45, 0x45}},
    {ROLE_LEGACY_KBMK, {0x4D, 0x4D, 0x4D, 0x4D, 0x4D, 0x4D, 0x4D, 0x4D}},
};

#define KCV_BYTES 3

bool store_check_value(const struct p11_token *token, CK_OBJECT_HANDLE source,
                       enum key_algorithm algorithm, struct key_facts *facts, struct kf_error *err)
{
    static const uint8_t zeros[P11_BLOCK_MAX];
    struct p11_template template = {0};
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    uint8_t value[P11_HMAC_MAX];
    size_t len = facts->hmac_bytes ? facts->hmac_bytes : key_algorithm_bytes(algorithm);
    bool good = false;

    facts->kcv_algorithm = kcv_algorithm_for(algorithm);
    role_session_template(token, ROLE_CHECK_VALUE, algorithm, facts->hmac_bytes, &template);
    if (!op_identity(token, source, len, &template, &key, err))
        goto out;
    switch (facts->kcv_algorithm) {
    case KCV_CMAC:
        good = op_cmac(token, key, zeros, sizeof zeros, value, err);
        break;
    case KCV_ANSI_X9_24:
        good =
            op_encrypt_ecb(token, P11_TDES, key, zeros, key_algorithm_block(algorithm), value, err);
        break;
    case KCV_HMAC:
        good = op_hmac(token, algorithm, key, zeros, 0, value, err);
        break;
    case KCV_SHA_1: /* of a public key, which no token is asked for */
        break;
    }
    if (good)
        hex_encode(value, KCV_BYTES, facts->kcv);

out:
    op_destroy(token, &key);
    explicit_bzero(value, sizeof value);
    return good;
}

/* A key could be generated with its final template only where its label needed nothing of it: the
 * label holds the check value, and what is closed to changes (CKA_MODIFIABLE and CKA_COPYABLE
 * false) gets no other label. To open it would weaken its role. */
bool store_can_make(const struct p11_token *token, char algorithm, struct kf_error *err)
{
    /* A TDES key's export copy is a generic secret. */
    enum p11_operation missing =
        token->ways[P11_IDENTITY].proven ? P11_IDENTITY_TDES : P11_IDENTITY;

    if (token->ways[missing].proven || (missing == P11_IDENTITY_TDES && algorithm != 'T'))
        return true;
    return kf_fail(
        err, KF_VALIDATION,
        "This token can neither create nor adopt %s of Keyferry's: it cannot %s (%s). A "
        "key is made first and labelled with its check value, then closed to changes, and "
        "only that operation does this without opening the key. Use a token or firmware "
        "that has one of these mechanisms.",
        missing == P11_IDENTITY ? "keys" : "TDES keys", op_name(missing), op_mechanisms(missing));
}

static const struct variant *find_variant(enum p11_role role)
{
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
        if (variants[i].role == role)
            return &variants[i];
    return NULL;
}

bool store_make_variant(struct p11_store *store, enum p11_role role, CK_OBJECT_HANDLE source,
                        size_t len, struct p11_template *template, CK_OBJECT_HANDLE *handle,
                        struct kf_error *err)
{
    const struct variant *variant = find_variant(role);
    uint8_t mask[24];

    for (size_t i = 0; i < len; i++)
        mask[i] = variant->mask[i % sizeof variant->mask];
    return op_xor(store->token, source, mask, len, template, handle, err);
}

void store_describe(const struct p11_key *key, enum p11_role role, char *label,
                    struct role_object *object)
{
    *object = (struct role_object){.role = role,
                                   .algorithm = key->facts.algorithm,
                                   .len = key->facts.hmac_bytes,
                                   .kdf = key->kdf,
                                   .seal = key->seal,
                                   .label = label};
    object_id(role, key->id, object->id);
    label_write_object(role_name(role), &key->facts, label);
}

/* Only a key block protection key is derived from by SP 800-108; initial keys need the bare
 * encryption. By that a KBEK needs L, which must be readable. */
void store_best_way(const struct p11_token *token, const struct key_facts *facts, bool *kdf,
                    enum role_seal *seal)
{
    bool sealing = token->ways[P11_SEAL].proven;

    *kdf = facts->usage[0] == 'K' &&
           token->ways[p11_for(P11_KDF_AES, op_cipher(facts->algorithm))].proven;
    *seal = SEAL_NONE;
    if (sealing && *kdf)
        *seal = SEAL_BLOCK_KEYS;
    else if (sealing && strcmp(facts->usage, "B0") == 0)
        *seal = SEAL_INITIAL_KEYS;
}

static bool make_object(struct p11_store *store, const struct p11_key *key,
                        const struct role_slot *slot, CK_OBJECT_HANDLE source, struct kf_error *err)
{
    size_t len = key_facts_bytes(&key->facts);
    char label[LABEL_MAX];
    struct role_object object;
    struct p11_template template = {0};

    store_describe(key, slot->role, label, &object);
    role_token_template(store->token, &object, &template);
    if (find_variant(slot->role))
        return store_make_variant(store, slot->role, source, len, &template, slot->handle, err);
    return op_identity(store->token, source, len, &template, slot->handle, err);
}

/* No object may have one of the ids that are about to be written: some tokens overwrite it. */
static bool id_is_free(struct p11_store *store, struct p11_key *key, struct kf_error *err)
{
    struct role_slot slots[ROLE_SLOTS];
    enum p11_role roles[ROLE_SLOTS + 1] = {ROLE_CARD};
    size_t wanted = 1;

    store_slots(key, slots);
    for (size_t i = 0; i < ROLE_SLOTS; i++)
        if (slots[i].expected)
            roles[wanted++] = slots[i].role;
    for (size_t i = 0; i < wanted; i++) {
        struct object *objects = NULL;
        size_t count = 0;

        if (!objects_find(store->token, roles[i], key->id, &objects, &count, err))
            return false;
        free(objects);
        if (count > 0)
            return kf_fail(err, KF_CONFLICT,
                           "key/%s is there already, or objects that an interrupted creation left "
                           "behind; these are swept, or shown by keyferry token.",
                           key->name);
    }
    return true;
}

/* A token may have made what it said it had not. */
static void unmake(struct p11_store *store, struct p11_key *key)
{
    struct role_slot slots[ROLE_SLOTS];

    object_unmake(store->token, ROLE_CARD, key->id, &key->card);
    store_slots(key, slots);
    for (size_t i = 0; i < ROLE_SLOTS; i++)
        if (slots[i].expected)
            object_unmake(store->token, slots[i].role, key->id, slots[i].handle);
}

/* What was made is checked before it counts: a token may take a template and not keep it. */
static bool seal(struct p11_store *store, struct p11_key *key, struct kf_error *err)
{
    char label[LABEL_MAX];

    if (!store_verify(store, key, err))
        return false;
    if (key->trouble[0])
        return kf_fail(err, KF_INTERNAL, "The token did not make the key as its role demands: %s.",
                       key->trouble);
    if (key->unsealed)
        return kf_fail(err, KF_INTERNAL,
                       "The token did not make the key as its role demands: it lacks its "
                       "CKA_DERIVE_TEMPLATE.");
    label_write_card(&key->facts, &key->state, label);
    return object_make_card(store->token, ROLE_CARD, key->id, label, &key->card, err) &&
           store_card_says(store, key->card, label, err);
}

static bool choose_id(struct p11_store *store, const char *name, struct p11_key *key,
                      struct kf_error *err)
{
    if (name) {
        if (!base32_decode(name, sizeof key->id, key->id))
            return kf_fail(err, KF_INTERNAL, "A key cannot be called %s.", name);
    } else if (p11_generate_random(store->token->session, key->id, KEY_ID_BYTES, err) != CKR_OK) {
        return false;
    }
    base32_encode(key->id, KEY_ID_BYTES, key->name);
    return id_is_free(store, key, err);
}

struct p11_key *store_begin(struct p11_store *store, const char *name,
                            const struct key_facts *facts, const struct key_state *state,
                            struct kf_error *err)
{
    struct p11_key *key = calloc(1, sizeof *key);

    if (!key) {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        return NULL;
    }
    key->facts = *facts;
    key->facts.created_ms = (int64_t)time(NULL) * 1000;
    key->state = *state;
    key->state.start_ms = state->enabled ? key->facts.created_ms : 0;
    if (choose_id(store, name, key, err))
        return key;
    free(key);
    return NULL;
}

struct p11_key *store_finish(struct p11_store *store, struct p11_key *key, bool good,
                             struct kf_error *err)
{
    if (!good || !seal(store, key, err)) {
        unmake(store, key);
        free(key);
        return NULL;
    }
    key->generation = ++store->generations;
    store_changed(store);
    return store_insert_key(store, key, err) ? key : NULL;
}

static bool make_objects(struct p11_store *store, struct p11_key *key, CK_OBJECT_HANDLE source,
                         struct kf_error *err)
{
    struct role_slot slots[ROLE_SLOTS];

    store_slots(key, slots);
    for (size_t i = 0; i < ROLE_SLOTS; i++)
        if (slots[i].expected && !make_object(store, key, &slots[i], source, err))
            return false;
    return true;
}

struct p11_key *store_make(struct p11_store *store, CK_OBJECT_HANDLE source,
                           const struct key_facts *facts, const struct key_state *state,
                           struct kf_error *err)
{
    struct p11_key *key = store_begin(store, NULL, facts, state, err);

    if (!key)
        return NULL;
    store_best_way(store->token, facts, &key->kdf, &key->seal);
    return store_finish(store, key, make_objects(store, key, source, err), err);
}
