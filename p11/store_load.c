/* SPDX-License-Identifier: Apache-2.0 */
/* From objects in the token to keys and aliases, and what is wrong with them. */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base32.h"
#include "p11/calls.h"
#include "p11/store_index.h"

bool store_works(const struct key_facts *facts)
{
    return strcmp(facts->usage, "K0") == 0 || strcmp(facts->usage, "K1") == 0 ||
           strcmp(facts->usage, "B0") == 0;
}

bool store_has_variant(const struct key_facts *facts)
{
    return strcmp(facts->usage, "B0") == 0 && facts->algorithm == KEY_TDES_2KEY;
}

bool store_leaves(const struct key_facts *facts)
{
    return facts->exportability != 'N';
}

void store_slots(struct p11_key *key, struct role_slot slots[ROLE_SLOTS])
{
    bool works = store_works(&key->facts), leaves = store_leaves(&key->facts);
    enum key_class class = key_facts_class(&key->facts);
    bool pair = class == KEY_CLASS_PAIR;

    slots[0] = (struct role_slot){ROLE_WORKING, &key->working, works};
    slots[1] =
        (struct role_slot){ROLE_MASK_VARIANT, &key->mask_variant, store_has_variant(&key->facts)};
    slots[2] = (struct role_slot){ROLE_EXPORT, &key->export_copy, leaves};
    slots[3] = (struct role_slot){ROLE_KEPT, &key->kept,
                                  class == KEY_CLASS_SYMMETRIC && !works && !leaves};
    slots[4] = (struct role_slot){ROLE_LEGACY_KBEK, &key->legacy_kbek, key->facts.legacy_import};
    slots[5] = (struct role_slot){ROLE_LEGACY_KBMK, &key->legacy_kbmk, key->facts.legacy_import};
    slots[6] = (struct role_slot){ROLE_SIGNING, &key->signing, pair && key->facts.mode != 'D'};
    slots[7] =
        (struct role_slot){ROLE_UNWRAPPING, &key->unwrapping, pair && key->facts.mode == 'D'};
    slots[8] = (struct role_slot){ROLE_CERTIFICATE, &key->certificate,
                                  key->facts.purpose != PURPOSE_PLAIN};
}

/* The first trouble is the one that is told. */
static void trouble(struct p11_key *key, const char *what, const char *role)
{
    key->contradictory = true;
    if (!key->trouble[0])
        snprintf(key->trouble, sizeof key->trouble, "%s (%s)", what, role);
}

static void missing(struct p11_key *key, const char *role)
{
    bool contradictory = key->contradictory;

    trouble(key, "an object is missing", role);
    key->contradictory = contradictory;
}

/* Finds the one object of a role among those with the key's id. */
static void take_object(struct p11_key *key, const struct role_slot *slot,
                        const struct object *objects, size_t count)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        struct key_facts facts;

        if (objects[i].id[0] != slot->role || found++ > 0)
            continue;
        *slot->handle = objects[i].handle;
        if (!label_read_object(objects[i].label, role_name(slot->role), &facts) ||
            !key_facts_equal(&facts, &key->facts))
            trouble(key, "an object's label contradicts the key's card", role_name(slot->role));
    }
    if (found == 0 && slot->expected)
        missing(key, role_name(slot->role));
    if (found > 0 && !slot->expected)
        trouble(key, "there is an object that such a key does not have", role_name(slot->role));
    if (found > 1)
        trouble(key, "two objects have the same id and role", role_name(slot->role));
}

struct p11_key *store_assemble(struct p11_store *store, const struct object *objects, size_t count,
                               const struct store_moment *moment, struct kf_error *err)
{
    const struct object *card = NULL;
    struct role_slot slots[ROLE_SLOTS];
    struct p11_key *key;
    size_t cards = 0;

    for (size_t i = 0; i < count; i++)
        if (objects[i].id[0] == ROLE_CARD && cards++ == 0)
            card = &objects[i];
    if (!card)
        return NULL;
    key = calloc(1, sizeof *key);
    if (!key) {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        return NULL;
    }
    memcpy(key->id, card->id + 1, KEY_ID_BYTES);
    base32_encode(key->id, KEY_ID_BYTES, key->name);
    key->card = card->handle;
    key->generation = ++store->generations;
    key->checked = *moment;
    if (cards > 1)
        trouble(key, "two objects have the same id and role", "card");
    if (!label_read_card(card->label, &key->facts, &key->state)) {
        trouble(key, "its label is not a card's", "card");
        return key;
    }
    store_slots(key, slots);
    for (size_t i = 0; i < ROLE_SLOTS; i++)
        take_object(key, &slots[i], objects, count);
    return key;
}

/* What was found of a key that derives must fit its usage. Initial keys are derived by the bare
 * encryption: a BDK that only knows SP 800-108 is no BDK; and L is read where a KBEK is derived by
 * that, which no seal lets it be. */
static void take_way(const struct p11_token *token, struct p11_key *key,
                     const struct role_slot *slot, const struct role_found *found)
{
    const char *role = role_name(slot->role);
    enum role_seal best_seal, fitting = SEAL_INITIAL_KEYS;
    bool best_kdf;

    if (slot->role != ROLE_WORKING && slot->role != ROLE_MASK_VARIANT)
        return;
    store_best_way(token, &key->facts, &best_kdf, &best_seal);
    if (key->facts.usage[0] == 'K') {
        key->kdf = found->kdf;
        fitting = key->kdf ? SEAL_BLOCK_KEYS : SEAL_NONE;
    } else if (found->kdf && token->rungs.allowed_mechanisms) {
        trouble(key, "CKA_ALLOWED_MECHANISMS is not the role's", role);
    }
    if (slot->role == ROLE_WORKING)
        key->seal = found->seal;
    if (found->seal != key->seal || (found->seal != SEAL_NONE && found->seal != fitting))
        trouble(key, "CKA_DERIVE_TEMPLATE is not the role's", role);
    key->unsealed = (best_kdf && !key->kdf) || (best_seal != SEAL_NONE && key->seal == SEAL_NONE);
}

bool store_verify(struct p11_store *store, struct p11_key *key, struct kf_error *err)
{
    struct role_slot slots[ROLE_SLOTS];
    const char *differs = NULL;

    store_slots(key, slots);
    for (size_t i = 0; i < ROLE_SLOTS && !key->trouble[0]; i++) {
        char text[96];
        struct kf_error failed = {0};
        struct role_found found;

        if (*slots[i].handle == CK_INVALID_HANDLE)
            continue;
        if (!role_check(store->token, *slots[i].handle, slots[i].role, key->facts.algorithm,
                        key->facts.hmac_bytes, &found, text, sizeof text, &failed)) {
            if (failed.status != KF_OK) {
                *err = failed;
                return false;
            }
            trouble(key, text, role_name(slots[i].role));
        }
        take_way(store->token, key, &slots[i], &found);
    }
    if (!key->trouble[0] && !store_check_values(store, key, &differs, err))
        return false;
    if (differs)
        trouble(key, "its value is not the one that its label says", differs);
    key->verified = true;
    return true;
}

struct p11_key *store_load_key(struct p11_store *store, const uint8_t id[KEY_ID_BYTES],
                               struct kf_error *err)
{
    static const enum p11_role roles[] = {
        ROLE_CARD,        ROLE_WORKING,     ROLE_MASK_VARIANT, ROLE_EXPORT,     ROLE_KEPT,
        ROLE_LEGACY_KBEK, ROLE_LEGACY_KBMK, ROLE_SIGNING,      ROLE_UNWRAPPING, ROLE_CERTIFICATE};
    struct store_moment moment = store_moment(store);
    struct object *objects = NULL;
    struct p11_key *key = NULL;
    size_t count = 0;

    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        struct object *found = NULL, *grown;
        size_t some = 0;

        if (!objects_find(store->token, roles[i], id, &found, &some, err))
            goto out;
        if (some == 0 && roles[i] == ROLE_CARD) {
            free(found);
            goto out;
        }
        grown = realloc(objects, (count + some + 1) * sizeof *grown);
        if (!grown) {
            free(found);
            kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
            goto out;
        }
        objects = grown;
        memcpy(objects + count, found, some * sizeof *found);
        count += some;
        free(found);
    }
    key = store_assemble(store, objects, count, &moment, err);

out:
    free(objects);
    return key;
}

void store_alias_id(const char *name, uint8_t id[KEY_ID_BYTES])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)name, strlen(name), digest);
    memcpy(id, digest, KEY_ID_BYTES);
}

struct p11_alias *store_alias_from(const struct object *object, struct kf_error *err)
{
    struct p11_alias *alias = calloc(1, sizeof *alias);

    if (!alias) {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        return NULL;
    }
    if (!object->ours || !label_read_alias(object->label, alias->name, alias->key_name)) {
        free(alias);
        return NULL;
    }
    alias->card = object->handle;
    return alias;
}

struct p11_alias *store_load_alias(struct p11_store *store, const char *name, struct kf_error *err)
{
    struct object *cards = NULL;
    struct p11_alias *alias = NULL;
    struct store_moment moment = store_moment(store);
    uint8_t id[KEY_ID_BYTES];
    size_t count = 0, same = 0;

    store_alias_id(name, id);
    if (!objects_find(store->token, ROLE_ALIAS, id, &cards, &count, err))
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct p11_alias *found = store_alias_from(&cards[i], err);

        if (!found || strcmp(found->name, name) != 0 || same++ > 0) {
            free(found);
            continue;
        }
        alias = found;
    }
    free(cards);
    if (alias) {
        alias->duplicate = same > 1;
        alias->checked = moment;
    }
    return alias;
}

/* The same objects, found good: what was derived from them stays good. */
static bool still_the_same(struct p11_key *old, struct p11_key *key)
{
    struct role_slot before[ROLE_SLOTS], now[ROLE_SLOTS];

    if (!old->verified || old->trouble[0] || key->trouble[0] || old->card != key->card ||
        !key_facts_equal(&old->facts, &key->facts))
        return false;
    store_slots(old, before);
    store_slots(key, now);
    for (size_t i = 0; i < ROLE_SLOTS; i++)
        if (*before[i].handle != *now[i].handle)
            return false;
    return true;
}

static bool load_keys(struct p11_store *store, struct p11_store *fresh,
                      const struct object *objects, size_t count, const struct store_moment *moment,
                      struct kf_error *err)
{
    for (size_t i = 0, next; i < count; i = next) {
        struct kf_error failed = {0};
        struct p11_key *key, *old;

        next = i + 1;
        if (!objects[i].ours) /* its id is zero, as that of our CA */
            continue;
        while (next < count && memcmp(objects[next].id + 1, objects[i].id + 1, KEY_ID_BYTES) == 0)
            next++;
        key = store_assemble(store, objects + i, next - i, moment, &failed);
        if (failed.status != KF_OK) {
            *err = failed;
            return false;
        }
        if (!key)
            continue;
        old = store_index_key(store, key->id);
        if (old && still_the_same(old, key)) {
            key->generation = old->generation;
            key->verified = true;
            key->kdf = old->kdf;
            key->seal = old->seal;
            key->unsealed = old->unsealed;
        }
        if (!store_insert_key(fresh, key, err))
            return false;
    }
    return true;
}

static bool load_aliases(struct p11_store *fresh, const struct object *objects, size_t count,
                         const struct store_moment *moment, struct kf_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct kf_error failed = {0};
        struct p11_alias *alias, *twin;

        if (!objects[i].ours || objects[i].id[0] != ROLE_ALIAS)
            continue;
        alias = store_alias_from(&objects[i], &failed);
        if (failed.status != KF_OK) {
            *err = failed;
            return false;
        }
        if (!alias)
            continue;
        alias->checked = *moment;
        twin = store_index_alias(fresh, alias->name);
        if (twin) {
            twin->duplicate = true;
            free(alias);
        } else if (!store_insert_alias(fresh, alias, err)) {
            return false;
        }
    }
    return true;
}

bool store_load_all(struct p11_store *store, struct kf_error *err)
{
    struct p11_store *fresh = calloc(1, sizeof *fresh);
    struct store_moment moment = store_moment(store);
    struct p11_store old;
    struct object *objects = NULL;
    size_t count = 0;
    bool good = false;

    if (!fresh)
        return kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
    if (!objects_read_all(store->token, &objects, &count, err) ||
        !p11_token_present(store->token->session, err) ||
        !load_keys(store, fresh, objects, count, &moment, err) ||
        !load_aliases(fresh, objects, count, &moment, err))
        goto out;
    old = *store;
    store->keys = fresh->keys;
    store->key_count = fresh->key_count;
    store->aliases = fresh->aliases;
    store->alias_count = fresh->alias_count;
    fresh->keys = old.keys;
    fresh->key_count = old.key_count;
    fresh->aliases = old.aliases;
    fresh->alias_count = old.alias_count;
    good = true;

out:
    free(objects);
    store_close(fresh); /* what is not in use any more */
    return good;
}
