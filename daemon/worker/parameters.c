/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/parameters.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *prefix_of(enum key_purpose purpose)
{
    return purpose == PURPOSE_EXPORT_TOKEN ? "export-token-" : "import-token-";
}

void parameters_token(const struct p11_key *key, char out[PARAMETERS_TOKEN_MAX])
{
    snprintf(out, PARAMETERS_TOKEN_MAX, "%s%s", prefix_of(key->facts.purpose), key->name);
}

const struct p11_key *parameters_find(struct service *service, const char *field, const char *text,
                                      enum key_purpose purpose, struct kf_error *err)
{
    const char *prefix = prefix_of(purpose);
    size_t len = strlen(prefix);
    struct kf_error missing = {0};
    struct p11_key *key;

    if (strncmp(text, prefix, len) != 0) {
        kf_fail(err, KF_VALIDATION, "%s: must be %s and the token's own characters.", field,
                prefix);
        return NULL;
    }
    key = store_own_key(service->store, text + len, purpose, &missing);
    if (!key && missing.status == KF_NOT_FOUND)
        kf_fail(err, KF_NOT_FOUND,
                "%s: there is no such token for this; it may have expired, then ask for another.",
                field);
    else if (!key)
        *err = missing;
    if (!key || !key_state_is_due(&key->state, (int64_t)time(NULL) * 1000))
        return key;
    kf_fail(err, KF_VALIDATION, "%s: the token has expired; ask for another.", field);
    store_destroy_due(service->store, key);
    return NULL;
}
