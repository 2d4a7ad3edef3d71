/* SPDX-License-Identifier: Apache-2.0 */
/* A key's life: its use started and stopped, its deletion asked for and taken back. A key that is
 * to be deleted is not enabled, and what is restored stays so: who restores a key says that its
 * bytes are still wanted, not yet that it may be used. */
#include <time.h>

#include "daemon/worker/service_internal.h"

#define FIELD "KeyIdentifier"
#define DAY_MS (24 * 3600 * 1000LL)

static int64_t wall_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

/* Starting what is started changes nothing, so that a request may be sent again. */
static bool start(void *context, const struct p11_key *key, struct key_state *state,
                  struct kf_error *err)
{
    (void)context;
    if (!service_check_not_pending(FIELD, key, state, err))
        return false;
    if (state->enabled)
        return true;
    state->enabled = true;
    state->start_ms = wall_ms();
    state->stop_ms = 0;
    return true;
}

static void disable(struct key_state *state)
{
    if (state->enabled)
        state->stop_ms = wall_ms();
    state->enabled = false;
}

static bool stop(void *context, const struct p11_key *key, struct key_state *state,
                 struct kf_error *err)
{
    (void)context;
    if (!service_check_not_pending(FIELD, key, state, err))
        return false;
    disable(state);
    return true;
}

static bool delete_in_days(void *context, const struct p11_key *key, struct key_state *state,
                           struct kf_error *err)
{
    const int32_t *days = context;

    if (!service_check_not_pending(FIELD, key, state, err))
        return false;
    disable(state);
    state->delete_ms = wall_ms() + *days * DAY_MS;
    return true;
}

static bool restore(void *context, const struct p11_key *key, struct key_state *state,
                    struct kf_error *err)
{
    (void)context;
    if (!state->delete_ms)
        return kf_fail(err, KF_CONFLICT, FIELD ": key/%s is not to be deleted (CREATE_COMPLETE).",
                       key->name);
    if (key_state_is_due(state, wall_ms()))
        return kf_fail(err, KF_CONFLICT,
                       FIELD ": key/%s cannot be restored any more: its waiting time is over.",
                       key->name);
    state->delete_ms = 0;
    return true;
}

/* What all of them do: find the key, change it, show it. */
static bool change_key(struct service *service, const char *identifier, store_change change,
                       void *context, keyferry_Key *out, struct record *record,
                       struct kf_error *err)
{
    struct p11_key *key = service_find_key(service, FIELD, identifier, err);

    if (!key)
        return false;
    service_record_key(service, record, "", key);
    return store_change_state(service->store, key, change, context, err) &&
           service_fill_key(service, key, out, err);
}

bool op_start_key_usage(struct service *service, const void *request_, void *reply_,
                        struct record *record, struct kf_error *err)
{
    const keyferry_StartKeyUsageRequest *request = request_;
    keyferry_StartKeyUsageReply *reply = reply_;

    reply->has_key = true;
    return change_key(service, GIVEN(request, key_identifier), start, NULL, &reply->key, record,
                      err);
}

bool op_stop_key_usage(struct service *service, const void *request_, void *reply_,
                       struct record *record, struct kf_error *err)
{
    const keyferry_StopKeyUsageRequest *request = request_;
    keyferry_StopKeyUsageReply *reply = reply_;

    reply->has_key = true;
    return change_key(service, GIVEN(request, key_identifier), stop, NULL, &reply->key, record,
                      err);
}

bool op_delete_key(struct service *service, const void *request_, void *reply_,
                   struct record *record, struct kf_error *err)
{
    const keyferry_DeleteKeyRequest *request = request_;
    keyferry_DeleteKeyReply *reply = reply_;
    int32_t days = request->has_delete_key_in_days ? request->delete_key_in_days : 7;

    if (days < 3 || days > 180)
        return kf_fail(err, KF_VALIDATION, "DeleteKeyInDays: must be 3 to 180.");
    reply->has_key = true;
    return change_key(service, GIVEN(request, key_identifier), delete_in_days, &days, &reply->key,
                      record, err);
}

bool op_restore_key(struct service *service, const void *request_, void *reply_,
                    struct record *record, struct kf_error *err)
{
    const keyferry_RestoreKeyRequest *request = request_;
    keyferry_RestoreKeyReply *reply = reply_;

    reply->has_key = true;
    return change_key(service, GIVEN(request, key_identifier), restore, NULL, &reply->key, record,
                      err);
}
