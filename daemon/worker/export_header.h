/* SPDX-License-Identifier: Apache-2.0 */
/* What a key block's header says of the key that leaves in it. */
#ifndef KF_DAEMON_WORKER_EXPORT_HEADER_H
#define KF_DAEMON_WORKER_EXPORT_HEADER_H

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

/*
 * The header for subject under wrapping. headers are the request's, NULL where it has none: what
 * they leave unset is inherited from the subject. The header's optional blocks point into headers.
 */
bool export_header_make(const struct export_subject *subject, const struct p11_key *wrapping,
                        const keyferry_KeyBlockHeaders *headers, struct tr31_header *header,
                        struct kf_error *err);

#endif
