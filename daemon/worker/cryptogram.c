/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/cryptogram.h"

#include <string.h>

bool cryptogram_read_spec(const char *spec, enum p11_hash *hash, struct kf_error *err)
{
    *hash = P11_SHA256;
    if (!spec || strcmp(spec, "RSA_OAEP_SHA_256") == 0)
        return true;
    *hash = P11_SHA512;
    return strcmp(spec, "RSA_OAEP_SHA_512") == 0 ||
           kf_fail(err, KF_VALIDATION,
                   "WrappingSpec: must be RSA_OAEP_SHA_256 or RSA_OAEP_SHA_512.");
}
