/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases: made, pointed elsewhere, shown, deleted. */
#include <stdio.h>
#include <string.h>

#include "daemon/worker/service_internal.h"

/* The name of the key that KeyArn names, which must exist; empty where none is given. An alias that
 * is pointed at a key must not go with it: to_point_at refuses one that is to be deleted. */
static bool target_name(struct service *service, const char *key_arn, bool to_point_at,
                        char name[KEY_NAME_LEN + 1], struct kf_error *err)
{
    struct identifier identifier;
    const struct p11_key *key;

    name[0] = '\0';
    if (!key_arn)
        return true;
    if (!identifier_parse_key("KeyArn", key_arn, &identifier, err))
        return false;
    key = service_key(service, "KeyArn", identifier.name, err);
    if (!key || (to_point_at && !service_check_not_pending("KeyArn", key, &key->state, err)))
        return false;
    memcpy(name, key->name, KEY_NAME_LEN + 1);
    return true;
}

static void record_alias(const struct service *service, struct record *record,
                         const struct p11_alias *alias)
{
    char arn[ARN_MAX];

    record_text(record, "AliasName", alias->name);
    if (!alias->key_name[0])
        return;
    service_key_arn(service, alias->key_name, arn);
    record_text(record, "KeyArn", arn);
}

/* What a reply and a record say of an alias. */
static void show_alias(const struct service *service, const struct p11_alias *alias, bool *given,
                       keyferry_Alias *out, struct record *record)
{
    *given = true;
    service_fill_alias(service, alias, out);
    record_alias(service, record, alias);
}

static struct p11_alias *find_alias(struct service *service, const char *name, struct kf_error *err)
{
    struct identifier identifier;

    if (!identifier_parse_alias("AliasName", name, &identifier, err))
        return NULL;
    return service_alias(service, "AliasName", identifier.name, err);
}

bool op_create_alias(struct service *service, const void *request_, void *reply_,
                     struct record *record, struct kf_error *err)
{
    const keyferry_CreateAliasRequest *request = request_;
    keyferry_CreateAliasReply *reply = reply_;
    struct identifier identifier;
    char name[KEY_NAME_LEN + 1];
    const struct p11_alias *alias;

    if (!identifier_parse_alias("AliasName", GIVEN(request, alias_name), &identifier, err) ||
        !target_name(service, GIVEN(request, key_arn), true, name, err))
        return false;
    alias = store_alias_create(service->store, identifier.name, name, err);
    if (!alias)
        return false;
    show_alias(service, alias, &reply->has_alias, &reply->alias, record);
    return true;
}

bool op_update_alias(struct service *service, const void *request_, void *reply_,
                     struct record *record, struct kf_error *err)
{
    const keyferry_UpdateAliasRequest *request = request_;
    keyferry_UpdateAliasReply *reply = reply_;
    char name[KEY_NAME_LEN + 1];
    struct p11_alias *alias;

    if (!target_name(service, GIVEN(request, key_arn), true, name, err))
        return false;
    alias = find_alias(service, GIVEN(request, alias_name), err);
    if (!alias || !store_alias_point(service->store, alias, name, err))
        return false;
    show_alias(service, alias, &reply->has_alias, &reply->alias, record);
    return true;
}

bool op_delete_alias(struct service *service, const void *request_, void *reply_,
                     struct record *record, struct kf_error *err)
{
    const keyferry_DeleteAliasRequest *request = request_;
    struct p11_alias *alias = find_alias(service, GIVEN(request, alias_name), err);

    (void)reply_;
    if (!alias)
        return false;
    record_alias(service, record, alias);
    return store_alias_delete(service->store, alias, err);
}

bool op_get_alias(struct service *service, const void *request_, void *reply_,
                  struct record *record, struct kf_error *err)
{
    const keyferry_GetAliasRequest *request = request_;
    keyferry_GetAliasReply *reply = reply_;
    const struct p11_alias *alias = find_alias(service, GIVEN(request, alias_name), err);

    if (!alias)
        return false;
    show_alias(service, alias, &reply->has_alias, &reply->alias, record);
    return true;
}

/* A page's token is the last alias of the page before, without its prefix. */
static bool check_next_token(const char *token, struct kf_error *err)
{
    char name[ALIAS_NAME_MAX + sizeof "alias/"];
    struct identifier identifier;
    struct kf_error bad = {0};

    if (!token)
        return true;
    snprintf(name, sizeof name, "alias/%s", token);
    return identifier_parse_alias("NextToken", name, &identifier, &bad) ||
           kf_fail(err, KF_VALIDATION, "NextToken: is not one that list-aliases gave.");
}

bool op_list_aliases(struct service *service, const void *request_, void *reply_,
                     struct record *record, struct kf_error *err)
{
    const keyferry_ListAliasesRequest *request = request_;
    keyferry_ListAliasesReply *reply = reply_;
    const char *after = GIVEN(request, next_token);
    char name[KEY_NAME_LEN + 1];
    struct p11_alias **aliases;
    size_t count, size;

    (void)record;
    if (!service_page_size(request->has_max_results, request->max_results, &size, err) ||
        !check_next_token(after, err) ||
        !target_name(service, GIVEN(request, key_arn), false, name, err) ||
        !store_list_aliases(service->store, &aliases, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if ((after && strcmp(aliases[i]->name + strlen("alias/"), after) <= 0) ||
            (name[0] && strcmp(aliases[i]->key_name, name) != 0))
            continue;
        if (reply->aliases_count == size) {
            reply->has_next_token = true;
            strcpy(reply->next_token, reply->aliases[size - 1].alias_name + strlen("alias/"));
            break;
        }
        service_fill_alias(service, aliases[i], &reply->aliases[reply->aliases_count++]);
    }
    return true;
}
