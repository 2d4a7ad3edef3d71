/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases: cards of their own, so that pointing one elsewhere is one C_SetAttributeValue. */
#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/store_claim.h"
#include "p11/store_index.h"

static bool check_free(struct p11_store *store, const char *name, struct kf_error *err)
{
    struct kf_error none = {0};

    if (store_alias(store, name, &none))
        return kf_fail(err, KF_CONFLICT,
                       "%s exists already; use update-alias to point it to another key.", name);
    if (none.status == KF_NOT_FOUND)
        return true;
    *err = none;
    return false;
}

/* Writes the card and reads it back from the token: one that is not there as it was written, or not
 * alone, is nobody's success. */
static struct p11_alias *make_card(struct p11_store *store, const char *name, const char *key_name,
                                   struct kf_error *err)
{
    CK_OBJECT_HANDLE card = CK_INVALID_HANDLE;
    struct p11_alias *alias;
    struct kf_error failed = {0};
    char label[LABEL_MAX];
    uint8_t id[KEY_ID_BYTES];

    store_alias_id(name, id);
    label_write_alias(name, key_name, label);
    if (!object_make_card(store->token, ROLE_ALIAS, id, label, &card, err)) {
        object_unmake(store->token, ROLE_ALIAS, id, &card); /* the name was free, and is claimed */
        store_changed(store);
        return NULL;
    }
    store_changed(store);
    alias = store_alias(store, name, &failed);
    if (alias && alias->card == card)
        return alias;
    if (!alias)
        op_destroy(store->token, &card);
    store_changed(store);
    if (alias || failed.status == KF_CONFLICT)
        kf_fail(err, KF_CONFLICT,
                "%s was made by another program at the same moment; look at it, and try again.",
                name);
    else
        *err = failed;
    return NULL;
}

struct p11_alias *store_alias_create(struct p11_store *store, const char *name,
                                     const char *key_name, struct kf_error *err)
{
    struct p11_alias *alias = NULL;
    struct store_claim claim;

    if (!check_free(store, name, err) || !store_claim(store, name, &claim, err))
        return NULL;
    /* Whoever had the name claimed before may have made it in the meantime. */
    if (check_free(store, name, err))
        alias = make_card(store, name, key_name, err);
    store_unclaim(store, &claim);
    return alias;
}

/* What failed has to have changed nothing, so where it points is then written once more. */
bool store_alias_point(struct p11_store *store, struct p11_alias *alias, const char *key_name,
                       struct kf_error *err)
{
    struct kf_error ignored = {0};
    char label[LABEL_MAX];
    bool good;

    label_write_alias(alias->name, key_name, label);
    good = object_set_label(store->token, alias->card, label, err);
    if (good) {
        strcpy(alias->key_name, key_name);
    } else {
        label_write_alias(alias->name, alias->key_name, label);
        object_set_label(store->token, alias->card, label, &ignored);
    }
    store_changed(store);
    return good;
}

bool store_alias_delete(struct p11_store *store, struct p11_alias *alias, struct kf_error *err)
{
    if (p11_destroy_object(store->token->session, alias->card, err) != CKR_OK)
        return false;
    store_remove_alias(store, alias);
    store_changed(store);
    return true;
}
