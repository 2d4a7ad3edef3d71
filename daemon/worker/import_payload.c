/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/import_payload.h"

#include "p11/role.h"

bool import_payload(const struct p11_token *token, enum p11_cipher cipher,
                    CK_OBJECT_HANDLE unwrapping, const uint8_t *iv, const uint8_t *wrapped,
                    size_t len, CK_OBJECT_HANDLE *payload, struct kf_error *err)
{
    struct p11_template template = {0};

    *payload = CK_INVALID_HANDLE;
    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 0, &template);
    if (op_unwrap_cbc(token, cipher, unwrapping, iv, wrapped, len, &template, payload, err) &&
        op_check_sensitive(token, *payload, err))
        return true;
    op_destroy(token, payload);
    return false;
}
