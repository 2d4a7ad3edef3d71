/* SPDX-License-Identifier: Apache-2.0 */
/* What all formats of an import share: what becomes of a key however it came. */
#include "daemon/worker/import.h"

#include <string.h>

#include "base/hex.h"

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
