/* SPDX-License-Identifier: Apache-2.0 */
/* Making and showing keys. */
#include <string.h>

#include "base/base32.h"
#include "daemon/worker/service_internal.h"
#include "p11/ops.h"

#define KEY_FIELD "KeyIdentifier"

static bool generate(struct service *service, const struct key_facts *facts,
                     CK_OBJECT_HANDLE *source, struct kf_error *err)
{
    struct p11_template template = {0};

    role_source_template(facts->algorithm, facts->exportability != 'N', &template);
    return op_generate(&service->token, facts->algorithm, &template, source, err);
}

static const struct p11_key *create_secret(struct service *service, struct key_facts *facts,
                                           const struct key_state *state, struct kf_error *err)
{
    CK_OBJECT_HANDLE source = CK_INVALID_HANDLE;
    const struct p11_key *key = NULL;

    if (store_can_make(&service->token, key_algorithm_letter(facts->algorithm), err) &&
        generate(service, facts, &source, err) &&
        store_check_value(&service->token, source, facts->algorithm, facts, err))
        key = store_make(service->store, source, facts, state, err);
    op_destroy(&service->token, &source);
    return key;
}

static const struct p11_key *create_pair(struct service *service, struct key_facts *facts,
                                         const struct key_state *state, struct kf_error *err)
{
    if (facts->exportability != 'N') {
        kf_fail(err, KF_VALIDATION,
                "Exportable: must be false for a key pair; a private key never leaves the token.");
        return NULL;
    }
    facts->kcv_algorithm = KCV_SHA_1;
    strcpy(facts->kcv, KCV_NONE);
    return store_make_pair(service->store, NULL, facts, state, NULL, NULL, err);
}

bool op_create_key(struct service *service, const void *request_, void *reply_,
                   struct record *record, struct kf_error *err)
{
    const keyferry_CreateKeyRequest *request = request_;
    keyferry_CreateKeyReply *reply = reply_;
    struct key_facts facts = {.version = "00"};
    struct key_state state = {.enabled = !request->has_enabled || request->enabled};
    const struct p11_key *key;

    if (!service_read_attributes(request->has_key_attributes, &request->key_attributes,
                                 1U << KEY_CLASS_SYMMETRIC | 1U << KEY_CLASS_PAIR, &facts, err) ||
        !service_check_kcv_algorithm(request->has_key_check_value_algorithm,
                                     request->key_check_value_algorithm, facts.algorithm, err) ||
        !service_read_legacy_import(service, request->has_legacy_import && request->legacy_import,
                                    &facts, err))
        return false;
    if (!request->has_exportable)
        return kf_fail(err, KF_VALIDATION, "Exportable is required.");
    facts.exportability = request->exportable ? 'S' : 'N';
    if (!service_read_tags(request->tags, request->tags_count, &state, record, err))
        return false;
    key = (key_algorithm_is_rsa(facts.algorithm) ? create_pair : create_secret)(service, &facts,
                                                                                &state, err);
    if (!key)
        return false;
    reply->has_key = true;
    service_record_key(service, record, "", key);
    return service_fill_key(service, key, &reply->key, err);
}

bool op_get_key(struct service *service, const void *request_, void *reply_, struct record *record,
                struct kf_error *err)
{
    const keyferry_GetKeyRequest *request = request_;
    keyferry_GetKeyReply *reply = reply_;
    char name[KEY_NAME_LEN + 1];
    const struct p11_key *key;

    if (!service_key_name(service, KEY_FIELD, GIVEN(request, key_identifier), name, err))
        return false;
    key = store_key_any(service->store, name, err);
    if (!key) {
        kf_error_name_field(err, KEY_FIELD);
        return false;
    }
    /* A key in trouble is shown as far as it can be read. */
    if (key->facts.algorithm == KEY_ALGORITHM_NONE && !service_key(service, KEY_FIELD, name, err))
        return false;
    reply->has_key = true;
    service_record_key(service, record, "", key);
    return service_fill_key(service, key, &reply->key, err);
}

/* Whether a key belongs into a list filtered by KeyState (NULL: all). */
static bool in_state(const struct p11_key *key, const char *state)
{
    return !state ||
           strcmp(state, key->state.delete_ms ? "DELETE_PENDING" : "CREATE_COMPLETE") == 0;
}

static bool check_state_filter(const char *state, struct kf_error *err)
{
    static const char *const states[] = {"CREATE_IN_PROGRESS", "CREATE_COMPLETE", "DELETE_PENDING",
                                         "DELETE_COMPLETE"};

    for (size_t i = 0; state && i < sizeof states / sizeof states[0]; i++)
        if (strcmp(state, states[i]) == 0)
            return true;
    return !state || kf_fail(err, KF_VALIDATION,
                             "KeyState: must be CREATE_IN_PROGRESS, CREATE_COMPLETE, "
                             "DELETE_PENDING or DELETE_COMPLETE.");
}

bool op_list_keys(struct service *service, const void *request_, void *reply_,
                  struct record *record, struct kf_error *err)
{
    const keyferry_ListKeysRequest *request = request_;
    keyferry_ListKeysReply *reply = reply_;
    const char *state = GIVEN(request, key_state);
    uint8_t after[KEY_ID_BYTES];
    struct p11_key **keys;
    size_t count, size;

    (void)record;
    if (!check_state_filter(state, err) ||
        !service_page_size(request->has_max_results, request->max_results, &size, err))
        return false;
    /* The list is in the order of the ids' bytes; a token is the last id of the page before. */
    if (request->has_next_token && (strlen(request->next_token) != KEY_NAME_LEN ||
                                    !base32_decode(request->next_token, sizeof after, after)))
        return kf_fail(err, KF_VALIDATION, "NextToken: is not one that list-keys gave.");
    if (!store_list_keys(service->store, &keys, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (request->has_next_token && memcmp(keys[i]->id, after, sizeof after) <= 0)
            continue;
        if (!key_purpose_is_public(keys[i]->facts.purpose))
            continue;
        /* A card that cannot be read says nothing to list; `keyferry token` shows it. */
        if (!in_state(keys[i], state) || keys[i]->facts.usage[0] == '\0')
            continue;
        if (reply->keys_count == size) {
            reply->has_next_token = true;
            strcpy(reply->next_token, strrchr(reply->keys[size - 1].key_arn, '/') + 1);
            break;
        }
        if (!service_fill_summary(service, keys[i], &reply->keys[reply->keys_count++], err))
            return false;
    }
    return true;
}
