/* SPDX-License-Identifier: Apache-2.0 */
/* Tr31KeyBlock: which key wraps, and whether it may. The recipe itself is export_tr31.c. */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "daemon/worker/export.h"
#include "daemon/worker/export_tr31.h"
#include "daemon/worker/wrapping.h"

/* A token that can make no key block at all says so before anything is looked up. */
static bool check_token(const struct service *service, struct kf_error *err)
{
    char text[400];

    if (profile_can(&service->token, FORMAT_TR31_B, 0, text, sizeof text) ||
        profile_can(&service->token, FORMAT_TR31_D, 0, text, sizeof text))
        return true;
    return kf_fail(err, KF_VALIDATION, "KeyMaterial: this token cannot make TR-31 key blocks: %s",
                   text);
}

static bool check_format(const struct service *service, enum key_algorithm wrapping,
                         enum key_algorithm wrapped, struct kf_error *err)
{
    enum profile_format format = key_algorithm_is_aes(wrapping) ? FORMAT_TR31_D : FORMAT_TR31_B;
    char text[400];

    if (profile_can(&service->token, format, key_algorithm_letter(wrapped), text, sizeof text))
        return true;
    return kf_fail(err, KF_VALIDATION, "KeyMaterial: this token cannot make %s: %s",
                   profile_format_name(format), text);
}

/* Two parties agree on a KBPK by its check value: with it in the request, no block leaves under
 * another key because an alias was pointed elsewhere. */
static bool check_expected(const struct p11_key *key, const keyferry_ExportTr31KeyBlock *tr31,
                           struct kf_error *err)
{
    static const char field[] = "WrappingKeyCheckValue";
    const char *expected = tr31->wrapping_key_check_value;
    size_t len = strlen(expected);

    if (!tr31->has_wrapping_key_check_value)
        return true;
    if (len < 4 || len > 16 || strspn(expected, "0123456789ABCDEFabcdef") != len)
        return kf_fail(err, KF_VALIDATION, "%s: must be 4 to 16 hex digits.", field);
    if (strcasecmp(expected, key->facts.kcv) != 0)
        return kf_fail(err, KF_VALIDATION,
                       "%s: key/%s, the wrapping key, has the check value %s (%s), not %s.", field,
                       key->name, key->facts.kcv, kcv_algorithm_name(key->facts.kcv_algorithm),
                       expected);
    return true;
}

static bool find_keys(struct export_job *job, const keyferry_ExportTr31KeyBlock *tr31,
                      struct p11_key **wrapping, struct kf_error *err)
{
    struct service *service = job->service;
    char name[KEY_NAME_LEN + 1], wrapping_name[KEY_NAME_LEN + 1];

    if (!service_key_name(service, EXPORT_KEY_FIELD, GIVEN(job->request, export_key_identifier),
                          name, err) ||
        !service_key_name(service, WRAPPING_FIELD, GIVEN(tr31, wrapping_key_identifier),
                          wrapping_name, err))
        return false;
    if (strcmp(name, wrapping_name) == 0)
        return kf_fail(err, KF_VALIDATION, WRAPPING_FIELD ": a key cannot wrap itself.");
    job->key = service_key(service, EXPORT_KEY_FIELD, name, err);
    if (!job->key)
        return false;
    *wrapping = service_key(service, WRAPPING_FIELD, wrapping_name, err);
    return *wrapping != NULL;
}

static bool wrap(struct export_job *job, struct p11_key *wrapping,
                 const keyferry_ExportTr31KeyBlock *tr31, struct kf_error *err)
{
    struct service *service = job->service;
    const struct key_facts *facts = &job->subject.facts;
    struct export_header header;
    struct kbpk *kbpk;

    if (!wrapping_check_strength(wrapping, WRAPPING_WRAP, facts, err) ||
        !check_format(service, wrapping->facts.algorithm, facts->algorithm, err) ||
        !export_header_make(&job->subject, tr31_version_for(wrapping->facts.algorithm),
                            &wrapping->facts,
                            tr31->has_key_block_headers ? &tr31->key_block_headers : NULL,
                            time(NULL), &header, err) ||
        !export_take(job, err))
        return false;
    kbpk = kbpk_get(service->kbpks, wrapping, err);
    return kbpk && export_tr31(&service->token, &service->random, kbpk, job->subject.object,
                               key_facts_bytes(facts), &header.tr31,
                               job->reply->wrapped_key.key_material, err);
}

bool export_as_tr31(struct export_job *job, struct kf_error *err)
{
    const keyferry_ExportTr31KeyBlock *tr31 = &job->request->key_material.tr31_key_block;
    struct p11_key *wrapping = NULL;

    if (!check_token(job->service, err) || !find_keys(job, tr31, &wrapping, err))
        return false;
    service_record_key(job->service, job->record, "", job->key);
    service_record_key(job->service, job->record, "Wrapping", wrapping);
    if (!wrapping_check(wrapping, WRAPPING_WRAP, err) || !check_expected(wrapping, tr31, err) ||
        !export_choose(job, err) || !wrap(job, wrapping, tr31, err))
        return false;
    export_fill_reply(job, wrapping->name, TR31_FORMAT);
    service_record_block(job->record, job->reply->wrapped_key.key_material);
    return true;
}
