/* SPDX-License-Identifier: Apache-2.0 */
#include "p11/cover.h"

#include "p11/ops.h"
#include "p11/role.h"

bool cover_make(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE *cover,
                struct kf_error *err)
{
    enum key_algorithm algorithm = cipher == P11_AES ? KEY_AES_128 : KEY_TDES_3KEY;
    struct p11_template template = {0};

    role_session_template(token, ROLE_COVER, algorithm, 0, &template);
    return op_generate(token, algorithm, &template, cover, err);
}
