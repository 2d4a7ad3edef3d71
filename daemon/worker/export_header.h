/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a key block's header says of the key that leaves in it: the key's own attributes, and what
 * the request's KeyBlockHeaders make narrower or add. No token is asked.
 */
#ifndef KF_DAEMON_WORKER_EXPORT_HEADER_H
#define KF_DAEMON_WORKER_EXPORT_HEADER_H

#include <time.h>

#include "dukpt/ksn.h"
#include "p11/store.h"
#include "tr31/header.h"
#include "wire/keyferry.pb.h"

/* What leaves: a key of the store, or what is derived from one for this job. */
struct export_subject {
    CK_OBJECT_HANDLE object;     /* a generic secret of the exact bytes */
    struct key_facts facts;      /* usage, algorithm, mode, version, exportability, check value */
    const struct dukpt_ksn *ksn; /* of an initial key; NULL for a key of the store */
};

/* The blocks that AddBlocks may ask for: KP, KS, IK, TS. */
#define EXPORT_ADDED_MAX 4

/* A header, and the data of the blocks that are made here, to which it points: not to be copied. */
struct export_header {
    struct tr31_header header;
    char added[EXPORT_ADDED_MAX][DUKPT_BLOCK_MAX + 1];
    size_t added_count;
};

/*
 * The header for subject under wrapping. headers are the request's, NULL where it has none: what
 * they leave unset is inherited from the subject (AWS user guide, "Export keys"). Modes and
 * exportability can only be narrowed. Optional blocks come in the request's order, then those of
 * AddBlocks, then HM for an HMAC key; PB is the layout's to add. now is for TS, in UTC. The header
 * points into headers and out, too. Errors are KF_VALIDATION and quote no optional block.
 */
bool export_header_make(const struct export_subject *subject, const struct p11_key *wrapping,
                        const keyferry_KeyBlockHeaders *headers, time_t now,
                        struct export_header *out, struct kf_error *err);

#endif
