/* SPDX-License-Identifier: Apache-2.0 */
/* Looking over the whole token: what is due to be destroyed, and what is not as it should be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base32.h"
#include "base/log.h"
#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/store_claim.h"
#include "p11/store_index.h"

#define LEFTOVER_MIN_MS (10 * 60 * 1000LL)
#define LEFTOVER_MAX_MS (24 * 3600 * 1000LL)

static int64_t wall_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

/* What another host has just destroyed is gone as well. */
static bool destroy(struct p11_store *store, CK_OBJECT_HANDLE object, struct kf_error *err)
{
    struct kf_error failed = {0};

    if (object == CK_INVALID_HANDLE ||
        p11_destroy_object(store->token->session, object, &failed) == CKR_OK ||
        failed.fault == KF_FAULT_STALE)
        return true;
    return kf_fail_fault(err, failed.status, failed.fault, failed.detail, "%s", failed.message);
}

static bool is_due(const struct p11_key *key)
{
    return key_state_is_due(&key->state, wall_ms()) && !key->contradictory;
}

/* The card goes last: until then it says that the key is due, so a destruction that was cut short
 * is finished by the next sweep. No key byte may be left in the token that nobody knows of. */
static bool destroy_objects(struct p11_store *store, struct p11_key *key, struct kf_error *err)
{
    struct role_slot slots[ROLE_SLOTS];

    store_slots(key, slots);
    for (size_t i = 0; i < ROLE_SLOTS; i++)
        if (!destroy(store, *slots[i].handle, err))
            return false;
    return destroy(store, key->card, err);
}

/* The key is claimed, and its card read again: it may be restored, here or on another host, until
 * the very end. */
static void destroy_key(struct p11_store *store, struct p11_key *key)
{
    struct kf_error err = {0};
    struct store_claim claim;
    char name[CLAIM_NAME_MAX];

    store_claim_name(key, name);
    if (!store_claim(store, name, &claim, &err)) {
        log_info("key/%s, whose deletion is due, is left to the next sweep: %s", key->name,
                 err.message);
        return;
    }
    if (!store_read_state(store, key, &key->state, &err) || !is_due(key)) {
        log_info("key/%s, whose deletion was due, has changed", key->name);
        key->stale = true;
    } else if (destroy_objects(store, key, &err)) {
        log_info("key/%s is destroyed: its deletion was due", key->name);
        store_remove_key(store, key);
    } else {
        log_warning("key/%s, whose deletion is due, could not be destroyed: %s", key->name,
                    err.detail);
        key->stale = true;
    }
    store_unclaim(store, &claim);
    store_changed(store);
}

void store_destroy_due(struct p11_store *store, struct p11_key *key)
{
    if (is_due(key))
        destroy_key(store, key);
}

static bool is_key_role(uint8_t role)
{
    return role != ROLE_CARD && role != ROLE_ALIAS && role != ROLE_CLAIM;
}

/* A claim whose maker is dead. */
static bool dead_claim(const struct object *object, int64_t *age_ms)
{
    if (!object->ours || object->id[0] != ROLE_CLAIM)
        return false;
    *age_ms = store_claim_age_ms(object->id);
    return *age_ms > CLAIM_DEAD_MS;
}

/* An object of a key that has no card, and its age. */
static bool without_card(const struct p11_store *store, const struct object *object,
                         int64_t *age_ms)
{
    struct key_facts facts;

    if (!object->ours || !is_key_role(object->id[0]) || store_index_key(store, object->id + 1))
        return false;
    *age_ms = wall_ms();
    if (label_read_object(object->label, role_name(object->id[0]), &facts))
        *age_ms -= facts.created_ms;
    return true;
}

bool store_sweep(struct p11_store *store, struct kf_error *err)
{
    struct object *objects = NULL;
    size_t count = 0;

    if (!store_load_all(store, err))
        return false;
    for (size_t i = store->key_count; i-- > 0;)
        if (is_due(store->keys[i]))
            destroy_key(store, store->keys[i]);
    if (!objects_read_all(store->token, &objects, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        int64_t age;

        if (!without_card(store, &objects[i], &age) && !dead_claim(&objects[i], &age))
            continue;
        if (age < LEFTOVER_MIN_MS || age > LEFTOVER_MAX_MS)
            continue;
        log_warning("an object that an interrupted creation left behind is destroyed: %s",
                    objects[i].label);
        op_destroy(store->token, &objects[i].handle);
    }
    free(objects);
    return true;
}

/* A name for an object that is nobody's: its label, else its id. */
static void inspect_object(const struct p11_store *store, const struct object *object,
                           store_report report, void *context)
{
    char alias[ALIAS_NAME_MAX + 1], key_name[KEY_NAME_LEN + 1];
    int64_t age;
    const char *label = object->label[0] ? object->label : "(no label)";

    if (!object->ours && object->class == CKO_CERTIFICATE)
        return; /* no secret */
    if (!object->ours)
        report(context, "no role", label, "not made by Keyferry; adopt it, or remove it");
    else if (without_card(store, object, &age))
        report(context, "no card", label, "a key without a card does not exist");
    else if (dead_claim(object, &age))
        report(context, "leftover", label, "an interrupted change left it; it is harmless");
    else if (object->id[0] == ROLE_ALIAS && !label_read_alias(object->label, alias, key_name))
        report(context, "deviation", label, "its label is not an alias card's");
}

bool store_inspect(struct p11_store *store, store_report report, void *context,
                   struct kf_error *err)
{
    struct object *objects = NULL;
    size_t count = 0;

    if (!store_load_all(store, err) || !objects_read_all(store->token, &objects, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        inspect_object(store, &objects[i], report, context);
    free(objects);
    for (size_t i = 0; i < store->key_count; i++) {
        struct p11_key *key = store->keys[i];
        char name[32];

        /* Who asks for this wants to know what is so now, not at the key's first use. */
        if (!key->trouble[0] && !store_verify(store, key, err))
            return false;
        snprintf(name, sizeof name, "key/%s", key->name);
        if (key->trouble[0])
            report(context, "deviation", name, key->trouble);
        else if (key->unsealed)
            report(context, "unsealed", name,
                   "made before this token sealed keys: what is derived from it can be read with "
                   "the PIN; make or import it anew");
    }
    for (size_t i = 0; i < store->alias_count; i++)
        if (store->aliases[i]->duplicate)
            report(context, "duplicate", store->aliases[i]->name, "two cards have this name");
    return true;
}
