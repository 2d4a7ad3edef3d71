/* SPDX-License-Identifier: Apache-2.0 */
/* ExportKey: in which format a key leaves. */
#include "daemon/worker/export.h"

bool op_export_key(struct service *service, const void *request_, void *reply_,
                   struct record *record, struct kf_error *err)
{
    const keyferry_ExportKeyRequest *request = request_;
    struct export_job job = {
        .service = service, .request = request, .reply = reply_, .record = record};
    bool good;

    switch (request->has_key_material ? request->key_material.which_material : 0) {
    case keyferry_ExportKeyMaterial_tr31_key_block_tag:
        good = export_as_tr31(&job, err);
        break;
    case keyferry_ExportKeyMaterial_tr34_key_block_tag:
        good = export_as_tr34(&job, err);
        break;
    case keyferry_ExportKeyMaterial_key_cryptogram_tag:
        good = export_as_cryptogram(&job, err);
        break;
    default:
        good = kf_fail(err, KF_VALIDATION,
                       "KeyMaterial: exactly one of its members is required: Tr31KeyBlock, "
                       "Tr34KeyBlock or KeyCryptogram.");
    }
    export_end(&job);
    return good;
}
