/* SPDX-License-Identifier: Apache-2.0 */
/* Tags: names and values that the caller keeps with a key. They are the caller's own text: refusals
 * count them, the audit log has their keys, and nothing but the answer to who asks has their
 * values. */
#include <stdio.h>
#include <string.h>

#include "daemon/worker/service_internal.h"

#define RESOURCE "ResourceArn"

static bool check_tag(const keyferry_Tag *tag, size_t number, struct kf_error *err)
{
    const char *fault;

    if (!tag->has_key || !tag->has_value)
        return kf_fail(err, KF_VALIDATION, "Tags: %s of element %zu is required%s.",
                       tag->has_key ? "Value" : "Key", number,
                       tag->has_key ? "; it may be empty" : "");
    fault = tag_key_fault(tag->key, strlen(tag->key));
    if (fault)
        return kf_fail(err, KF_VALIDATION, "Tags: Key of element %zu %s.", number, fault);
    fault = tag_value_fault(tag->value, strlen(tag->value));
    if (fault)
        return kf_fail(err, KF_VALIDATION, "Tags: Value of element %zu %s.", number, fault);
    return true;
}

static bool check_tags(const keyferry_Tag *tags, size_t count, struct kf_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!check_tag(&tags[i], i + 1, err))
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(tags[k].key, tags[i].key) == 0)
                return kf_fail(err, KF_VALIDATION, "Tags: elements %zu and %zu have the same Key.",
                               k + 1, i + 1);
    }
    return true;
}

/* A key's tags with these, which take the place of those with their keys. */
static bool merge_tags(const keyferry_Tag *tags, size_t count, struct key_state *state,
                       struct kf_error *err)
{
    size_t number, bytes;

    for (size_t i = 0; i < count; i++)
        tags_remove(state->tags, tags[i].key);
    number = tags_count(state->tags) + count;
    bytes = strlen(state->tags);
    for (size_t i = 0; i < count; i++)
        bytes += tags_size(tags[i].key, tags[i].value);
    if (number > TAGS_MAX)
        return kf_fail(err, KF_VALIDATION,
                       "Tags: the key would have %zu tags; it may have %d at most.", number,
                       TAGS_MAX);
    if (bytes > TAGS_BYTES_MAX)
        return kf_fail(err, KF_VALIDATION,
                       "Tags: the key's tags would take %zu bytes; there is room for %d (their "
                       "keys and values in UTF-8, and up to %d bytes more for each). Use fewer or "
                       "shorter ones.",
                       bytes, TAGS_BYTES_MAX, TAG_OVERHEAD_MAX);
    for (size_t i = 0; i < count; i++)
        tags_add(state->tags, tags[i].key, tags[i].value);
    return true;
}

/* The record has the keys as the card has them, with their lengths: they are any text. It has all
 * or the request is refused: what is left out of a record would be for the caller to choose, and a
 * list that just fits would leave no room for the key that was changed. */
static bool record_keys(struct record *record, const char *field, const char *const *keys,
                        size_t count, struct kf_error *err)
{
    char text[TAGS_BYTES_MAX + 1];
    size_t len = 0;

    for (size_t i = 0; i < count && len < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%zu:%s", i ? " " : "",
                                strlen(keys[i]), keys[i]);
    if (len >= sizeof text)
        return kf_fail(err, KF_VALIDATION,
                       "%s: the keys take more than the %d bytes that a key's tags have room for.",
                       field, TAGS_BYTES_MAX);
    if (count > 0)
        record_text(record, "TagKeys", text);
    return true;
}

static bool record_tags(struct record *record, const keyferry_Tag *tags, size_t count,
                        struct kf_error *err)
{
    const char *keys[TAGS_MAX];

    for (size_t i = 0; i < count; i++)
        keys[i] = tags[i].key;
    return record_keys(record, "Tags", keys, count, err);
}

bool service_read_tags(const keyferry_Tag *tags, size_t count, struct key_state *state,
                       struct record *record, struct kf_error *err)
{
    return check_tags(tags, count, err) && merge_tags(tags, count, state, err) &&
           record_tags(record, tags, count, err);
}

static struct p11_key *find_resource(struct service *service, const char *text,
                                     struct kf_error *err)
{
    struct identifier identifier;

    if (!identifier_parse_key(RESOURCE, text, &identifier, err))
        return NULL;
    return service_find_key(service, RESOURCE, text, err);
}

/* What all of them do: find the key, change it. */
static bool change_tags(struct service *service, const char *resource, store_change change,
                        const void *request, struct record *record, struct kf_error *err)
{
    struct p11_key *key = find_resource(service, resource, err);

    if (!key)
        return false;
    service_record_key(service, record, "", key);
    return store_change_state(service->store, key, change, (void *)request, err);
}

static bool add(void *context, const struct p11_key *key, struct key_state *state,
                struct kf_error *err)
{
    const keyferry_TagResourceRequest *request = context;

    return service_check_not_pending(RESOURCE, key, state, err) &&
           merge_tags(request->tags, request->tags_count, state, err);
}

bool op_tag_resource(struct service *service, const void *request_, void *reply_,
                     struct record *record, struct kf_error *err)
{
    const keyferry_TagResourceRequest *request = request_;

    (void)reply_;
    if (request->tags_count == 0)
        return kf_fail(err, KF_VALIDATION, "Tags is required.");
    return check_tags(request->tags, request->tags_count, err) &&
           record_tags(record, request->tags, request->tags_count, err) &&
           change_tags(service, GIVEN(request, resource_arn), add, request, record, err);
}

static bool remove_tags(void *context, const struct p11_key *key, struct key_state *state,
                        struct kf_error *err)
{
    const keyferry_UntagResourceRequest *request = context;

    if (!service_check_not_pending(RESOURCE, key, state, err))
        return false;
    for (size_t i = 0; i < request->tag_keys_count; i++)
        tags_remove(state->tags, request->tag_keys[i]);
    return true;
}

bool op_untag_resource(struct service *service, const void *request_, void *reply_,
                       struct record *record, struct kf_error *err)
{
    const keyferry_UntagResourceRequest *request = request_;
    const char *keys[TAGS_MAX];

    (void)reply_;
    if (request->tag_keys_count == 0)
        return kf_fail(err, KF_VALIDATION, "TagKeys is required.");
    for (size_t i = 0; i < request->tag_keys_count; i++) {
        const char *fault = tag_key_fault(request->tag_keys[i], strlen(request->tag_keys[i]));

        if (fault)
            return kf_fail(err, KF_VALIDATION, "TagKeys: element %zu %s.", i + 1, fault);
        keys[i] = request->tag_keys[i];
    }
    return record_keys(record, "TagKeys", keys, request->tag_keys_count, err) &&
           change_tags(service, GIVEN(request, resource_arn), remove_tags, request, record, err);
}

static void fill_tag(const struct tag *tag, keyferry_Tag *out)
{
    out->has_key = out->has_value = true;
    snprintf(out->key, sizeof out->key, "%.*s", (int)tag->key_len, tag->key);
    snprintf(out->value, sizeof out->value, "%.*s", (int)tag->value_len, tag->value);
}

/* A page's token is the last key of the page before. */
bool op_list_tags_for_resource(struct service *service, const void *request_, void *reply_,
                               struct record *record, struct kf_error *err)
{
    const keyferry_ListTagsForResourceRequest *request = request_;
    keyferry_ListTagsForResourceReply *reply = reply_;
    const char *after = GIVEN(request, next_token), *at;
    const struct p11_key *key;
    struct tag tag;
    size_t size;

    if (!service_page_size(request->has_max_results, request->max_results, &size, err))
        return false;
    if (after && tag_key_fault(after, strlen(after)))
        return kf_fail(err, KF_VALIDATION,
                       "NextToken: is not one that list-tags-for-resource gave.");
    key = find_resource(service, GIVEN(request, resource_arn), err);
    if (!key)
        return false;
    service_record_key(service, record, "", key);
    for (at = key->state.tags; tags_next(&at, &tag);) {
        if (after && tag_key_order(&tag, after) <= 0)
            continue;
        if (reply->tags_count == size) {
            reply->has_next_token = true;
            strcpy(reply->next_token, reply->tags[size - 1].key);
            break;
        }
        fill_tag(&tag, &reply->tags[reply->tags_count++]);
    }
    return true;
}
