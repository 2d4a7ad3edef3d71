/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases: cards of their own, so that pointing one elsewhere is one C_SetAttributeValue. */
#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/store_index.h"

struct p11_alias *store_alias_create(struct p11_store *store, const char *name,
                                     const char *key_name, struct kf_error *err)
{
    struct kf_error none = {0};
    CK_OBJECT_HANDLE card = CK_INVALID_HANDLE;
    struct p11_alias *alias;
    char label[LABEL_MAX];
    uint8_t id[KEY_ID_BYTES];

    if (store_alias(store, name, &none)) {
        kf_fail(err, KF_CONFLICT, "%s exists already; use update-alias to point it to another key.",
                name);
        return NULL;
    }
    if (none.status != KF_NOT_FOUND) {
        *err = none;
        return NULL;
    }
    kf_error_clear(&none);
    store_alias_id(name, id);
    label_write_alias(name, key_name, label);
    if (!object_make_card(store->token, ROLE_ALIAS, id, label, &card, err))
        return NULL;
    store_changed(store);
    /* Read it back from the token: another worker or host may have made the same name at the same
     * moment. */
    alias = store_alias(store, name, &none);
    if (alias)
        return alias;
    op_destroy(store->token, &card);
    store_changed(store);
    if (none.status == KF_CONFLICT)
        kf_fail(err, KF_CONFLICT,
                "%s is being made by somebody else at this moment; look at it, and try again.",
                name);
    else
        *err = none;
    return NULL;
}

bool store_alias_point(struct p11_store *store, struct p11_alias *alias, const char *key_name,
                       struct kf_error *err)
{
    char label[LABEL_MAX];

    label_write_alias(alias->name, key_name, label);
    if (!object_set_label(store->token, alias->card, label, err))
        return false;
    strcpy(alias->key_name, key_name);
    store_changed(store);
    return true;
}

bool store_alias_delete(struct p11_store *store, struct p11_alias *alias, struct kf_error *err)
{
    if (p11_destroy_object(store->token->session, alias->card, err) != CKR_OK)
        return false;
    store_remove_alias(store, alias);
    store_changed(store);
    return true;
}
