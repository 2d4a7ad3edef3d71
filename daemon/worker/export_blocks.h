/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The optional blocks of a key block that leaves: those that the request gives, those that it asks
 * the daemon to make, and the one that says an HMAC key's hash, in this order. PB is the layout's
 * (tr31/keyblock.h).
 */
#ifndef KF_DAEMON_WORKER_EXPORT_BLOCKS_H
#define KF_DAEMON_WORKER_EXPORT_BLOCKS_H

#include <time.h>

#include "daemon/worker/export_header.h"

/*
 * Fills out's list of optional blocks; out is empty before. AWS's bounds hold for OptionalBlocks
 * (aws API, KeyBlockHeaders): values of 1 to 108 letters and digits, 112 characters in all with 4
 * for each id and length. Errors are KF_VALIDATION, name OptionalBlocks or AddBlocks, and quote no
 * block's data.
 */
bool export_blocks_make(const struct export_subject *subject, const struct key_facts *wrapping,
                        const keyferry_KeyBlockHeaders *headers, time_t now,
                        struct export_header *out, struct kf_error *err);

#endif
