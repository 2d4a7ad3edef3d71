/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the token, and the way of every job: decode, answer, record. */
#include "daemon/worker/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/operation.h"
#include "daemon/worker/login.h"
#include "daemon/worker/service_internal.h"
#include "p11/calls.h"

#define SWEEP_MS (3600 * 1000LL)
/* Workers that may end for a doubt about seals, before one does without. */
#define SEAL_DOUBTS_MAX 3

struct way {
    uint32_t number;
    const pb_msgdesc_t *request_type, *reply_type;
    size_t request_size, reply_size;
    operation_handler handler;
    bool repeatable; /* may be tried again when an object's handle turned out stale */
};

#define WAY(number, name, handler, repeatable)                                  \
    {                                                                           \
        keyferry_Operation_OPERATION_##number, keyferry_##name##Request_fields, \
            keyferry_##name##Reply_fields, sizeof(keyferry_##name##Request),    \
            sizeof(keyferry_##name##Reply), handler, repeatable                 \
    }

static const struct way ways[] = {
    WAY(EXPORT_KEY, ExportKey, op_export_key, true),
    WAY(CREATE_KEY, CreateKey, op_create_key, false),
    WAY(GET_KEY, GetKey, op_get_key, true),
    WAY(LIST_KEYS, ListKeys, op_list_keys, true),
    WAY(DELETE_KEY, DeleteKey, op_delete_key, true),
    WAY(RESTORE_KEY, RestoreKey, op_restore_key, true),
    WAY(START_KEY_USAGE, StartKeyUsage, op_start_key_usage, true),
    WAY(STOP_KEY_USAGE, StopKeyUsage, op_stop_key_usage, true),
    WAY(CREATE_ALIAS, CreateAlias, op_create_alias, false),
    WAY(UPDATE_ALIAS, UpdateAlias, op_update_alias, true),
    WAY(DELETE_ALIAS, DeleteAlias, op_delete_alias, true),
    WAY(GET_ALIAS, GetAlias, op_get_alias, true),
    WAY(LIST_ALIASES, ListAliases, op_list_aliases, true),
    WAY(TAG_RESOURCE, TagResource, op_tag_resource, true),
    WAY(UNTAG_RESOURCE, UntagResource, op_untag_resource, true),
    WAY(LIST_TAGS_FOR_RESOURCE, ListTagsForResource, op_list_tags_for_resource, true),
    WAY(ADOPT_KEY, AdoptKey, op_adopt_key, false),
    WAY(IMPORT_KEY, ImportKey, op_import_key, false),
    WAY(INIT_CA, InitCa, op_init_ca, false),
    WAY(GET_PARAMETERS_FOR_EXPORT, GetParametersForExport, op_get_parameters_for_export, false),
    WAY(GET_PARAMETERS_FOR_IMPORT, GetParametersForImport, op_get_parameters_for_import, false),
    WAY(GET_PUBLIC_KEY_CERTIFICATE, GetPublicKeyCertificate, op_get_public_key_certificate, true),
    WAY(GET_CERTIFICATE_SIGNING_REQUEST, GetCertificateSigningRequest,
        op_get_certificate_signing_request, true),
    WAY(TOKEN, Token, op_describe_token, true),
};

#define WAYS (sizeof ways / sizeof ways[0])

static bool pin_begin(void *context, const unsigned char *pin, size_t len, struct kf_error *err)
{
    return login_begin(context, pin, len, err);
}

static void pin_end(void *context, enum pin_said said)
{
    login_end(context, said);
}

static bool open_session(struct service *service, struct login *login, struct kf_error *err)
{
    char pin_path[1024];
    struct p11_settings settings = {
        .module = service->conf->token.module,
        .uri = service->conf->token.uri,
        .init_args = service->conf->token.init_args,
        .pin_path = pin_path,
        .pin_begin = login ? pin_begin : NULL,
        .pin_end = login ? pin_end : NULL,
        .pin_context = login,
    };

    if (!conf_pin_path(&service->conf->token, pin_path, sizeof pin_path, err))
        return false;
    service->session = p11_session_open(&settings, err);
    service->token.session = service->session;
    return service->session != NULL;
}

static bool check_trust(const struct service *service, struct kf_error *err)
{
    char failed[400];

    if (profile_trusted(&service->profile, failed, sizeof failed))
        return true;
    if (!service->conf->token.accept_untrusted)
        return kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_CONFIG, NULL,
                             "The token is not to be trusted, it failed: %s. "
                             "(token.accept-untrusted would accept it.)",
                             failed);
    log_warning(
        "THE TOKEN IS NOT TO BE TRUSTED, and token.accept-untrusted accepts it; it failed: %s",
        failed);
    return true;
}

static bool make_room(struct service *service)
{
    size_t request = 0, reply = 0;

    for (size_t i = 0; i < WAYS; i++) {
        if (ways[i].request_size > request)
            request = ways[i].request_size;
        if (ways[i].reply_size > reply)
            reply = ways[i].reply_size;
    }
    service->request = calloc(1, request);
    service->reply = calloc(1, reply);
    service->kbpks = kbpk_cache_new(&service->token);
    return service->request && service->reply && service->kbpks;
}

static void sweep(struct service *service)
{
    struct kf_error err = {0};

    if (service->slot != 0)
        return;
    if (!store_sweep(service->store, &err))
        log_warning("sweeping failed: %s %s", err.message, err.detail);
    service->swept_ms = clock_ms();
}

/* By the clock, however busy the worker is: what is due must not wait for a quiet moment. */
static void sweep_when_due(struct service *service)
{
    if (clock_ms() - service->swept_ms > SWEEP_MS)
        sweep(service);
}

/* A worker whose proof failed would make keys that can never be sealed, beside others that seal
 * them: the token has not changed, it had a bad moment. */
static bool check_seals(struct service *service, struct host_state *host, struct kf_error *err)
{
    const char *reason = service->profile.reasons[P11_SEAL];

    if (service->token.ways[P11_SEAL].proven)
        atomic_store(&host->seals, true);
    /* The same of the first: but faults may be this token's way to refuse. */
    if (service->profile.seal_doubtful && atomic_fetch_add(&host->seal_doubts, 1) < SEAL_DOUBTS_MAX)
        return kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_BUSY, NULL,
                             "Whether the token seals what is derived from a key cannot be told "
                             "for now (%s).",
                             reason);
    if (service->token.ways[P11_SEAL].proven || !atomic_load(&host->seals))
        return true;
    return kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_MODULE, NULL,
                         "The token sealed what is derived from a key, and now does not (%s). If "
                         "that is meant, restart the daemon.",
                         reason);
}

struct service *service_open(const struct conf *conf, unsigned slot, struct host_state *host,
                             struct login *login, struct kf_error *err)
{
    struct service *service = calloc(1, sizeof *service);

    if (!service) {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        return NULL;
    }
    service->conf = conf;
    service->slot = slot;
    /* The self-test asks for much that is refused, and leaves what a failed call may leave. */
    if (!open_session(service, login, err) ||
        !profile_probe(&service->token, &service->profile, err) || !check_trust(service, err) ||
        !check_seals(service, host, err) || !p11_session_renew(service->session, err))
        goto fail;
    if (!make_room(service)) {
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        goto fail;
    }
    service->store = store_open(&service->token, &host->changes, err);
    if (!service->store)
        goto fail;
    sweep(service);
    return service;

fail:
    service_close(service);
    return NULL;
}

void service_close(struct service *service)
{
    if (!service)
        return;
    store_close(service->store);
    kbpk_cache_free(service->kbpks);
    p11_session_close(service->session);
    random_wipe(&service->random);
    free(service->request);
    free(service->reply);
    free(service);
}

static const struct way *find_way(uint32_t number)
{
    for (size_t i = 0; i < WAYS; i++)
        if (ways[i].number == number)
            return &ways[i];
    return NULL;
}

/* After calls that failed nothing may be left that nobody knows of, key bytes least of all, nor an
 * operation that is in the next one's way. False: this process cannot see to that. */
static bool tidy(struct service *service, struct kf_error *err)
{
    if (!p11_session_doubtful(service->session))
        return true;
    kbpk_cache_clear(service->kbpks);
    return p11_session_renew(service->session, err);
}

/* One try. The record's members that a failed try wrote would stand there twice, so it starts anew
 * each time. */
static bool answer_once(struct service *service, const struct way *way, const struct job *job,
                        struct record *record, struct answer *answer, struct kf_error *err)
{
    record_begin(record, answer->record, answer->record_room, &job->peer, job->request.operation,
                 job->request.id);
    memset(service->reply, 0, way->reply_size);
    return wire_body_decode(job->request.body, job->request.body_len, way->request_type,
                            service->request, err) &&
           way->handler(service, service->request, service->reply, record, err);
}

static void run(struct service *service, const struct way *way, const struct job *job,
                struct record *record, struct answer *answer, struct kf_error *err)
{
    if (answer_once(service, way, job, record, answer, err) || err->fault != KF_FAULT_STALE)
        return;
    /* Another host or program took an object away: forget the handles, so that the next try looks
     * once more; whose it is depends on the operation. */
    log_info("%s meets a stale handle (%s)%s", operation_find(way->number)->name, err->detail,
             way->repeatable ? "; trying once more" : "");
    store_forget(service->store);
    kbpk_cache_clear(service->kbpks);
    if (!way->repeatable || !tidy(service, err))
        return;
    kf_error_clear(err);
    answer_once(service, way, job, record, answer, err);
}

static void log_failure(const struct job *job, const struct kf_error *err)
{
    const struct operation *operation = operation_find(job->request.operation);

    if (err->status == KF_OK || !err->detail[0])
        return;
    log_warning("%s for uid %u failed: %s: %s (%s)",
                operation ? operation->name : "unknown operation", (unsigned)job->peer.uid,
                kf_status_name(err->status), err->message, err->detail);
}

/* Which failures a new process cures. */
static enum kf_fault must_leave(enum kf_fault fault)
{
    return fault == KF_FAULT_SESSION || fault == KF_FAULT_LOGIN || fault == KF_FAULT_MODULE ||
                   fault == KF_FAULT_PIN
               ? fault
               : KF_FAULT_NONE;
}

bool service_idle(struct service *service, struct kf_error *err)
{
    kbpk_cache_review(service->kbpks, service->store);
    sweep_when_due(service);
    if (tidy(service, err) && p11_token_present(service->session, err))
        return true;
    if (must_leave(err->fault) != KF_FAULT_NONE)
        return false;
    kf_error_clear(err);
    return true;
}

void service_handle(struct service *service, const struct job *job, struct answer *answer)
{
    const struct way *way = find_way(job->request.operation);
    struct record record;
    struct kf_error err = {0};
    bool good;

    sweep_when_due(service);
    kbpk_cache_review(service->kbpks, service->store);
    if (way) {
        run(service, way, job, &record, answer, &err);
    } else {
        record_begin(&record, answer->record, answer->record_room, &job->peer,
                     job->request.operation, job->request.id);
        kf_fail(&err, KF_VALIDATION, "Operation: %u is not one that this daemon knows.",
                (unsigned)job->request.operation);
    }
    good = err.status == KF_OK;
    answer->response_len = wire_response_encode(
        job->request.id, err.status, err.message, good ? way->reply_type : NULL,
        good ? service->reply : NULL, answer->response, answer->response_room);
    if (answer->response_len == 0) {
        kf_error_clear(&err);
        kf_fail(&err, KF_INTERNAL, "The reply is longer than a frame may be.");
        answer->response_len = wire_response_encode(job->request.id, err.status, err.message, NULL,
                                                    NULL, answer->response, answer->response_room);
    }
    record_result(&record, err.status, err.message);
    answer->record_len = record_end(&record);
    answer->fault = must_leave(err.fault);
    log_failure(job, &err);
    kf_error_clear(&err);
    if (answer->fault == KF_FAULT_NONE && !tidy(service, &err)) {
        log_warning("the session could not be renewed: %s", err.detail);
        answer->fault = KF_FAULT_SESSION;
    }
}
