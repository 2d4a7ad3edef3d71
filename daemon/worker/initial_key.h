/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ExportDukptInitialKey: the initial key of a base derivation key and a KSN is derived inside the
 * token, leaves in the block, and is destroyed; nothing of it stays. The BDK may be one that is not
 * exportable: the exception is the standard's own, since an initial key is made to leave.
 */
#ifndef KF_DAEMON_WORKER_INITIAL_KEY_H
#define KF_DAEMON_WORKER_INITIAL_KEY_H

#include "daemon/worker/export_header.h"
#include "daemon/worker/service_internal.h"

/*
 * Reads the request's ExportAttributes. Where they ask for an initial key, bdk and the attributes
 * are checked, ksn is filled in, and subject says all that is known of the key before it is
 * derived: its ksn is this one, and it has no object yet. Else subject's ksn is NULL and bdk is any
 * key. Nothing is asked of the token.
 */
bool initial_key_describe(const struct service *service, const keyferry_ExportKeyRequest *request,
                          const struct p11_key *bdk, struct dukpt_ksn *ksn,
                          struct export_subject *subject, struct kf_error *err);

/* Derives what was described: subject gets its object, to be destroyed by op_destroy after use, and
 * its check value. */
bool initial_key_derive(const struct p11_token *token, const struct p11_key *bdk,
                        struct export_subject *subject, struct kf_error *err);

#endif
