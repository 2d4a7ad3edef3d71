/* SPDX-License-Identifier: Apache-2.0 */
/* A key's state: what may change of a key, in its card's label. */
#include <stdio.h>
#include <string.h>

#include "p11/store_claim.h"
#include "p11/store_index.h"

void store_claim_name(const struct p11_key *key, char name[CLAIM_NAME_MAX])
{
    snprintf(name, CLAIM_NAME_MAX, "key/%s", key->name);
}

bool store_read_state(const struct p11_store *store, const struct p11_key *key,
                      struct key_state *state, struct kf_error *err)
{
    struct object card;
    struct key_facts facts;
    uint8_t id[OBJECT_ID_BYTES];

    if (!object_read(store->token, key->card, &card, err))
        return false;
    object_id(ROLE_CARD, key->id, id);
    if (memcmp(card.id, id, sizeof id) == 0 && label_read_card(card.label, &facts, state) &&
        key_facts_equal(&facts, &key->facts))
        return true;
    return kf_fail_fault(err, KF_CONFLICT, KF_FAULT_STALE, "its card is another",
                         "key/%s has changed at this moment; look at it, and try again.",
                         key->name);
}

bool store_card_says(const struct p11_store *store, CK_OBJECT_HANDLE card, const char *label,
                     struct kf_error *err)
{
    struct object object;

    if (!object_read(store->token, card, &object, err))
        return false;
    return strcmp(object.label, label) == 0 ||
           kf_fail(err, KF_INTERNAL,
                   "The token did not keep a card's label of %zu bytes as it was written; fewer or "
                   "shorter tags may do.",
                   strlen(label));
}

/* A token that cuts labels short would leave a card that nobody can read; and one that says it did
 * not write may have written. What failed has to have changed nothing. */
static bool write_card(struct p11_store *store, const struct p11_key *key,
                       const struct key_state *before, const struct key_state *state,
                       struct kf_error *err)
{
    struct kf_error ignored = {0};
    char label[LABEL_MAX];

    label_write_card(&key->facts, state, label);
    if (object_set_label(store->token, key->card, label, err) &&
        store_card_says(store, key->card, label, err))
        return true;
    label_write_card(&key->facts, before, label);
    object_set_label(store->token, key->card, label, &ignored);
    return false;
}

bool store_change_state(struct p11_store *store, struct p11_key *key, store_change change,
                        void *context, struct kf_error *err)
{
    struct key_state before, state;
    struct store_claim claim;
    char name[CLAIM_NAME_MAX];
    bool good = false;

    store_claim_name(key, name);
    if (!store_claim(store, name, &claim, err))
        return false;
    if (!store_read_state(store, key, &before, err))
        goto out;
    state = before;
    if (!change(context, key, &state, err))
        goto out;
    good = key_state_equal(&before, &state) || write_card(store, key, &before, &state, err);
    if (good)
        key->state = state;
    store_changed(store);

out:
    store_unclaim(store, &claim);
    return good;
}
