/* SPDX-License-Identifier: Apache-2.0 */
/* The token that an RFC 7512 URI names: exactly one, or an error that says what there is. */
#ifndef KF_P11_SLOT_H
#define KF_P11_SLOT_H

#include "p11/module.h"

struct p11_token_info {
    CK_SLOT_ID slot;
    CK_FLAGS flags;
    char label[33], manufacturer[33], model[17], serial[17];
};

/* Only initialised tokens count. Attributes that RFC 7512 does not know, or that cannot choose a
 * token, are refused. */
bool p11_slot_find(const struct p11_module *module, const char *uri, struct p11_token_info *token,
                   struct kf_error *err);

/* Whether what C_GetTokenInfo says now is of the token that was found. */
bool p11_slot_same_token(const struct p11_token_info *token, const CK_TOKEN_INFO *info);

#endif
