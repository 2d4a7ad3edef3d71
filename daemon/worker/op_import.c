/* SPDX-License-Identifier: Apache-2.0 */
/* ImportKey: in which format a key comes. */
#include "daemon/worker/import.h"

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
