/* SPDX-License-Identifier: Apache-2.0 */
/* The recipe of a TR-31 key block of version B or D: tr31/ says which bytes go where, p11/ what the
 * token does with them. */
#ifndef KF_DAEMON_WORKER_EXPORT_TR31_H
#define KF_DAEMON_WORKER_EXPORT_TR31_H

#include "daemon/worker/kbpk.h"
#include "daemon/worker/random.h"
#include "tr31/keyblock.h"

/*
 * Wraps key, a generic secret with the exact key_len bytes (ROLE_EXPORT, or a session object for
 * one job), under kbpk into a block with the given header, whose length is hidden. out holds
 * TR31_KEYBLOCK_MAX + 1 bytes. Leaves no object behind.
 */
bool export_tr31(const struct p11_token *token, struct random_pool *random, struct kbpk *kbpk,
                 CK_OBJECT_HANDLE key, size_t key_len, const struct tr31_header *header, char *out,
                 struct kf_error *err);

#endif
