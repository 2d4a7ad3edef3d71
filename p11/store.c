/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and aliases by their names, and how an entry is kept true. */
#include "p11/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/base32.h"
#include "p11/calls.h"
#include "p11/store_index.h"

struct p11_store *store_open(struct p11_token *token, _Atomic uint64_t *changes,
                             struct kf_error *err)
{
    struct p11_store *store = calloc(1, sizeof *store);

    if (!store) {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        return NULL;
    }
    store->token = token;
    store->changes = changes;
    if (!store_load_all(store, err)) {
        store_close(store);
        return NULL;
    }
    return store;
}

void store_close(struct p11_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->key_count; i++)
        free(store->keys[i]);
    for (size_t i = 0; i < store->alias_count; i++)
        free(store->aliases[i]);
    free(store->keys);
    free(store->aliases);
    free(store);
}

void store_forget(struct p11_store *store)
{
    for (size_t i = 0; i < store->key_count; i++)
        store->keys[i]->stale = true;
    for (size_t i = 0; i < store->alias_count; i++)
        store->aliases[i]->checked = (struct store_moment){0};
}

/* Replaces an entry by what the token has under its id now; NULL without error where that is
 * nothing. */
static struct p11_key *reload_key(struct p11_store *store, const uint8_t id[KEY_ID_BYTES],
                                  struct kf_error *err)
{
    struct p11_key *old = store_index_key(store, id);
    struct p11_key *key;

    if (old)
        store_remove_key(store, old);
    key = store_load_key(store, id, err);
    if (!key || !store_insert_key(store, key, err))
        return NULL;
    return key;
}

/* Reads one of a key's objects again. *there says whether it still has its id; false only where the
 * token cannot say. */
static bool read_again(struct p11_store *store, const struct p11_key *key, enum p11_role role,
                       CK_OBJECT_HANDLE handle, struct object *object, bool *there,
                       struct kf_error *err)
{
    struct kf_error gone = {0};
    uint8_t id[OBJECT_ID_BYTES];

    object_id(role, key->id, id);
    *there = object_read(store->token, handle, object, &gone);
    if (!*there && gone.fault != KF_FAULT_STALE) {
        *err = gone;
        return false;
    }
    *there = *there && memcmp(object->id, id, sizeof id) == 0;
    return true;
}

/* Whether a working key still is in the token as it was found: what was derived from it lives on in
 * session objects, and must not outlive it. */
static bool working_stands(struct p11_store *store, const struct p11_key *key, bool *stands,
                           struct kf_error *err)
{
    struct object object;
    struct key_facts facts;

    *stands = true;
    if (key->working == CK_INVALID_HANDLE)
        return true;
    if (!read_again(store, key, ROLE_WORKING, key->working, &object, stands, err))
        return false;
    *stands = *stands && label_read_object(object.label, role_name(ROLE_WORKING), &facts) &&
              key_facts_equal(&facts, &key->facts);
    return true;
}

/* Reads a key's card again. What it says of the state is taken over; anything else that is not as
 * it was means loading the key anew. A change that another host made is told to this host's other
 * workers, so that they never answer differently for longer than it takes one of them to notice. */
static struct p11_key *refresh_key(struct p11_store *store, struct p11_key *key,
                                   struct kf_error *err)
{
    struct store_moment moment = store_moment(store);
    struct object card;
    struct key_facts facts;
    struct key_state state;
    uint8_t id[KEY_ID_BYTES];
    bool there, stands;

    if (!read_again(store, key, ROLE_CARD, key->card, &card, &there, err) ||
        !working_stands(store, key, &stands, err))
        return NULL;
    if (!there || !stands || !label_read_card(card.label, &facts, &state) ||
        !key_facts_equal(&facts, &key->facts)) {
        store_changed(store);
        memcpy(id, key->id, sizeof id);
        return reload_key(store, id, err);
    }
    if (!key_state_equal(&state, &key->state))
        store_changed(store);
    key->state = state;
    key->checked = moment;
    return key;
}

/* Where a search found nothing: the first failure counts, so a token that is gone, or a search that
 * failed, does not read as a key that is. */
static void not_found(struct p11_store *store, struct kf_error *err, const char *kind,
                      const char *name)
{
    if (p11_token_present(store->token->session, err))
        kf_fail(err, KF_NOT_FOUND, "There is no %s%s.", kind, name);
}

static struct p11_key *find_key(struct p11_store *store, const char *name, struct kf_error *err)
{
    uint8_t id[KEY_ID_BYTES];
    struct p11_key *key = NULL;

    if (strlen(name) != KEY_NAME_LEN || !base32_decode(name, sizeof id, id)) {
        kf_fail(err, KF_NOT_FOUND, "There is no key/%s.", name);
        return NULL;
    }
    key = store_index_key(store, id);
    if (!key || key->stale)
        key = reload_key(store, id, err);
    else if (!store_fresh(store, &key->checked))
        /* The card alone does not say that what was wrong with a key's objects has been put right.
         */
        key = key->trouble[0] ? reload_key(store, id, err) : refresh_key(store, key, err);
    if (!key) {
        not_found(store, err, "key/", name);
        return NULL;
    }
    if (!key->verified && !store_verify(store, key, err))
        return NULL;
    return key;
}

struct p11_key *store_key_any(struct p11_store *store, const char *name, struct kf_error *err)
{
    struct p11_key *key = find_key(store, name, err);

    if (!key || key_purpose_is_public(key->facts.purpose))
        return key;
    kf_fail(err, KF_NOT_FOUND, "There is no key/%s.", name);
    return NULL;
}

static struct p11_key *without_trouble(struct p11_key *key, struct kf_error *err)
{
    if (!key || !key->trouble[0])
        return key;
    kf_fail(err, KF_CONFLICT,
            "key/%s is refused: %s; an operator must look at the token (keyferry token).",
            key->name, key->trouble);
    return NULL;
}

struct p11_key *store_key(struct p11_store *store, const char *name, struct kf_error *err)
{
    return without_trouble(store_key_any(store, name, err), err);
}

struct p11_key *store_own_key(struct p11_store *store, const char *name, enum key_purpose purpose,
                              struct kf_error *err)
{
    struct p11_key *key = without_trouble(find_key(store, name, err), err);

    if (!key || key->facts.purpose == purpose)
        return key;
    kf_fail(err, KF_NOT_FOUND, "There is no key/%s.", name);
    return NULL;
}

static struct p11_alias *reload_alias(struct p11_store *store, const char *name,
                                      struct kf_error *err)
{
    char kept_name[ALIAS_NAME_MAX + 1];
    struct p11_alias *old = store_index_alias(store, name);
    struct p11_alias *alias;

    strcpy(kept_name, name); /* it may be the old entry's own */
    if (old)
        store_remove_alias(store, old);
    alias = store_load_alias(store, kept_name, err);
    if (!alias || !store_insert_alias(store, alias, err))
        return NULL;
    return alias;
}

static struct p11_alias *refresh_alias(struct p11_store *store, struct p11_alias *alias,
                                       struct kf_error *err)
{
    struct store_moment moment = store_moment(store);
    struct object card;
    struct kf_error gone = {0};
    char name[ALIAS_NAME_MAX + 1], key_name[KEY_NAME_LEN + 1];

    if (!object_read(store->token, alias->card, &card, &gone) && gone.fault != KF_FAULT_STALE) {
        *err = gone;
        return NULL;
    }
    if (gone.fault == KF_FAULT_STALE || card.id[0] != ROLE_ALIAS ||
        !label_read_alias(card.label, name, key_name) || strcmp(name, alias->name) != 0) {
        store_changed(store);
        return reload_alias(store, alias->name, err);
    }
    if (strcmp(alias->key_name, key_name) != 0)
        store_changed(store);
    strcpy(alias->key_name, key_name);
    alias->checked = moment;
    return alias;
}

struct p11_alias *store_alias(struct p11_store *store, const char *name, struct kf_error *err)
{
    struct p11_alias *alias = NULL;

    if (strlen(name) <= ALIAS_NAME_MAX) {
        alias = store_index_alias(store, name);
        if (!alias)
            alias = reload_alias(store, name, err);
        else if (!store_fresh(store, &alias->checked))
            /* One of two cards does not say whether the other is still there. */
            alias = alias->duplicate ? reload_alias(store, name, err)
                                     : refresh_alias(store, alias, err);
    }
    if (!alias) {
        not_found(store, err, "", name);
        return NULL;
    }
    if (alias->duplicate) {
        kf_fail(
            err, KF_CONFLICT,
            "%s is refused: the token has two cards with this name; an operator must remove one.",
            name);
        return NULL;
    }
    return alias;
}

bool store_list_keys(struct p11_store *store, struct p11_key ***keys, size_t *count,
                     struct kf_error *err)
{
    if (!store_load_all(store, err))
        return false;
    *keys = store->keys;
    *count = store->key_count;
    return true;
}

bool store_list_aliases(struct p11_store *store, struct p11_alias ***aliases, size_t *count,
                        struct kf_error *err)
{
    if (!store_load_all(store, err))
        return false;
    *aliases = store->aliases;
    *count = store->alias_count;
    return true;
}
