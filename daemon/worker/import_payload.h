/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in under a symmetric key, as an object that never leaves the token. */
#ifndef KF_DAEMON_WORKER_IMPORT_PAYLOAD_H
#define KF_DAEMON_WORKER_IMPORT_PAYLOAD_H

#include "p11/ops.h"

/* Unwraps len bytes, whole blocks, by CBC to a sensitive generic secret (ROLE_PAYLOAD) of as many
 * bytes, the caller's to destroy; none is left after a failure. */
bool import_payload(const struct p11_token *token, enum p11_cipher cipher,
                    CK_OBJECT_HANDLE unwrapping, const uint8_t *iv, const uint8_t *wrapped,
                    size_t len, CK_OBJECT_HANDLE *payload, struct kf_error *err);

#endif
