/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens that get-parameters-for-export and -import give, and the keys behind them. */
#ifndef KF_DAEMON_WORKER_PARAMETERS_H
#define KF_DAEMON_WORKER_PARAMETERS_H

#include "daemon/worker/service_internal.h"

/* "export-token-" or "import-token-", the key's name and a NUL. */
#define PARAMETERS_TOKEN_MAX 48

void parameters_token(const struct p11_key *key, char out[PARAMETERS_TOKEN_MAX]);

/*
 * The key behind a token, text in the request's member field; its private key and certificate are
 * there and in order. Refused by name: one of another form, one that is not known, one of another
 * purpose, and one that has expired, whose key is destroyed.
 */
const struct p11_key *parameters_find(struct service *service, const char *field, const char *text,
                                      enum key_purpose purpose, struct kf_error *err);

#endif
