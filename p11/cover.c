/* SPDX-License-Identifier: Apache-2.0 */
#include "p11/cover.h"

#include "p11/calls.h"
#include "p11/role.h"

bool cover_make(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE *cover,
                struct kf_error *err)
{
    enum key_algorithm algorithm = cipher == P11_AES ? KEY_AES_128 : KEY_TDES_3KEY;
    CK_MECHANISM mechanism = {cipher == P11_AES ? CKM_AES_KEY_GEN : CKM_DES3_KEY_GEN, NULL, 0};
    struct p11_template template = {0};

    *cover = CK_INVALID_HANDLE;
    role_session_template(token, ROLE_COVER, algorithm, 0, &template);
    return p11_generate_key(token->session, &mechanism, template.attributes, template.count, cover,
                            err) == CKR_OK;
}
