/* SPDX-License-Identifier: Apache-2.0 */
/* One export on its way: what all formats share. Each format has a function that takes the request
 * from the key's name to the reply. */
#ifndef KF_DAEMON_WORKER_EXPORT_H
#define KF_DAEMON_WORKER_EXPORT_H

#include "daemon/worker/export_header.h"
#include "daemon/worker/service_internal.h"
#include "tr34/certificate.h"

#define EXPORT_KEY_FIELD "ExportKeyIdentifier"
#define RECIPIENT_FIELD "WrappingKeyCertificate"

struct export_job {
    struct service *service;
    const keyferry_ExportKeyRequest *request;
    keyferry_ExportKeyReply *reply;
    struct record *record;
    const struct p11_key *key; /* that the request names; owned by the store */
    struct export_subject subject;
    struct dukpt_ksn ksn;
};

/* Finds the key that the request names, and notes it in the record. May be called again where
 * something else of the store was looked up in between. */
bool export_find(struct export_job *job, struct kf_error *err);
/* Whether the receiver's RSA key is strong enough for the key (AWS's matrix). field is the
 * request's member that the certificate came in. */
bool export_check_recipient(const struct tr34_certificate *recipient, const char *field,
                            const struct key_facts *facts, struct kf_error *err);

/* What leaves: the key's export copy, or the initial key of a BDK, which export_take derives.
 * Refuses what may not leave. job->key is set. */
bool export_choose(struct export_job *job, struct kf_error *err);
/* Gives the subject its object, where it has none yet, and its check value. */
bool export_take(struct export_job *job, struct kf_error *err);
/* Destroys what export_take derived. */
void export_end(struct export_job *job);

/* The rest of the reply, whose KeyMaterial is there, and of the record: wrapping_name is the key
 * whose ARN is the reply's WrappingKeyArn. */
void export_fill_reply(struct export_job *job, const char *wrapping_name, const char *format);

/* The formats. */
bool export_as_tr31(struct export_job *job, struct kf_error *err);
bool export_as_tr34(struct export_job *job, struct kf_error *err);
bool export_as_cryptogram(struct export_job *job, struct kf_error *err);

#endif
