/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recipe that opens a TR-34 key token: tr34/ says which bytes are where, p11/ what the token
 * does with them. The content key, the KeyBlock and the key only ever exist as objects in the
 * token. Who sent it, to whom and under which header was checked before.
 */
#ifndef KF_DAEMON_WORKER_IMPORT_TR34_H
#define KF_DAEMON_WORKER_IMPORT_TR34_H

#include "p11/token.h"
#include "tr34/token_parse.h"

/*
 * Unwraps the key with the receiver's private key (ROLE_UNWRAPPING). *key is a sensitive generic
 * secret of *len bytes, the caller's to destroy: 16 or 24, of an AES token 16. It is the key of a
 * KeyBlock whose sender and header are those that were signed, proven by encrypting that again.
 * Whatever is wrong inside is one refusal (KF_VALIDATION) with one message. Leaves no other object
 * behind.
 */
bool import_tr34_open(const struct p11_token *token, CK_OBJECT_HANDLE unwrapping,
                      const struct tr34_received *received, CK_OBJECT_HANDLE *key, size_t *len,
                      struct kf_error *err);

#endif
