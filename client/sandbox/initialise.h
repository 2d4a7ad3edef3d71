/* SPDX-License-Identifier: Apache-2.0 */
/* Making a token usable, through PKCS#11 alone, so that it works whatever module stands in between
 * (a spy, say). */
#ifndef KF_CLIENT_SANDBOX_INITIALISE_H
#define KF_CLIENT_SANDBOX_INITIALISE_H

#include "base/error.h"

#define SANDBOX_NSS_LABEL "NSS Certificate DB"
#define SANDBOX_NSS_LABEL_URI "NSS%20Certificate%20DB"

/* C_InitToken on the one blank token, label "keyferry-sandbox", then the user PIN. The security
 * officer's PIN is random and forgotten. */
bool sandbox_initialise_blank(const char *module, const char *init_args, const char *pin,
                              struct kf_error *err);
/* NSS: its database's token is there already and lacks its first PIN. */
bool sandbox_initialise_nss(const char *module, const char *init_args, const char *pin,
                            struct kf_error *err);

#endif
