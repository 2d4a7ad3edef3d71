/* SPDX-License-Identifier: Apache-2.0 */
/* ImportKey: in which format, and what becomes of a key however it came. */
#include <string.h>

#include "base/hex.h"
#include "daemon/worker/import.h"
#include "p11/ops.h"

bool import_take(struct import_job *job, CK_OBJECT_HANDLE object, struct key_facts *facts,
                 struct kf_error *err)
{
    const keyferry_ImportKeyRequest *request = job->request;
    struct service *service = job->service;

    if (!service_check_kcv_algorithm(request->has_key_check_value_algorithm,
                                     request->key_check_value_algorithm, facts->algorithm, err) ||
        !service_read_legacy_import(service, request->has_legacy_import && request->legacy_import,
                                    facts, err) ||
        !store_check_parts(&service->token, object, facts->algorithm, err) ||
        !store_check_value(&service->token, object, facts->algorithm, facts, err))
        return false;
    job->key = store_make(service->store, object, facts, &job->state, err);
    return job->key != NULL;
}

bool import_read_hex(const char *field, const char *text, uint8_t *out, size_t room, size_t *len,
                     struct kf_error *err)
{
    size_t digits = strlen(text);

    *len = digits / 2;
    if (digits == 0 || digits % 2 != 0 || *len > room)
        return kf_fail(err, KF_VALIDATION,
                       "%s: has %zu characters; it must be an even number of hex digits, 2 to %zu.",
                       field, digits, 2 * room);
    return hex_decode(text, *len, out) ||
           kf_fail(err, KF_VALIDATION, "%s: must be hex digits in upper case only.", field);
}

static bool import(struct import_job *job, struct kf_error *err)
{
    const keyferry_ImportKeyRequest *request = job->request;

    switch (request->has_key_material ? request->key_material.which_material : 0) {
    case keyferry_ImportKeyMaterial_tr31_key_block_tag:
        return import_as_tr31(job, err);
    case keyferry_ImportKeyMaterial_tr34_key_block_tag:
        return import_as_tr34(job, err);
    case keyferry_ImportKeyMaterial_key_cryptogram_tag:
        return import_as_cryptogram(job, err);
    case keyferry_ImportKeyMaterial_root_certificate_public_key_tag:
        return import_as_root(job, err);
    case keyferry_ImportKeyMaterial_trusted_certificate_public_key_tag:
        return import_as_trusted(job, err);
    default:
        return kf_fail(err, KF_VALIDATION,
                       "KeyMaterial: exactly one of its members is required: Tr31KeyBlock, "
                       "Tr34KeyBlock, KeyCryptogram, RootCertificatePublicKey or "
                       "TrustedCertificatePublicKey.");
    }
}

bool op_import_key(struct service *service, const void *request_, void *reply_,
                   struct record *record, struct kf_error *err)
{
    const keyferry_ImportKeyRequest *request = request_;
    keyferry_ImportKeyReply *reply = reply_;
    struct import_job job = {
        .service = service,
        .request = request,
        .record = record,
        .state = {.enabled = !request->has_enabled || request->enabled},
    };

    if (!service_read_tags(request->tags, request->tags_count, &job.state, record, err) ||
        !import(&job, err))
        return false;
    service_record_key(service, record, "", job.key);
    reply->has_key = true;
    return service_fill_key(service, job.key, &reply->key, err);
}
