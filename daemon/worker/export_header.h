/* SPDX-License-Identifier: Apache-2.0 */
/* What a key block's header says of the key that leaves in it: what the key is here, as far as the
 * request does not narrow it, and what the request adds. Pure; no token is asked. */
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

/* What stands before the names of its members in messages. */
#define EXPORT_HEADERS "KeyBlockHeaders."
/* The data of one block that is made here, and a NUL. */
#define EXPORT_MADE_ROOM (DUKPT_BLOCK_MAX + 1)

/* A header, and the data of those of its blocks that are made here. It points into itself: not to
 * be copied. */
struct export_header {
    struct tr31_header tr31;
    char made[pb_arraysize(keyferry_KeyBlockHeaders, add_blocks)][EXPORT_MADE_ROOM];
};

/*
 * The header, of the given version, for subject under the key of wrapping, which is NULL where the
 * key is wrapped to a certificate. headers are the request's, NULL where it has none, and
 * must outlive the header: what they leave unset is inherited from the subject. Modes and
 * exportability can only be narrowed (AWS user guide, "Export keys"). now is for TS. Errors are
 * KF_VALIDATION, name the member of KeyBlockHeaders and the rule, and quote no optional block.
 */
bool export_header_make(const struct export_subject *subject, char version,
                        const struct key_facts *wrapping, const keyferry_KeyBlockHeaders *headers,
                        time_t now, struct export_header *out, struct kf_error *err);

#endif
