/* SPDX-License-Identifier: Apache-2.0 */
/* The KDH: the key that signs a key token, by export token or as a key pair of the store with a
 * certificate from elsewhere. */
#ifndef KF_DAEMON_WORKER_SENDER_H
#define KF_DAEMON_WORKER_SENDER_H

#include "daemon/worker/service_internal.h"
#include "tr34/certificate.h"

struct sender {
    CK_OBJECT_HANDLE signing;
    struct tr34_certificate *certificate;
    bool own; /* certified by our CA */
};

/* Finds what the request names: exactly one of ExportToken, and SigningKeyIdentifier with
 * SigningKeyCertificate. To be ended by sender_close, also after a failure. */
bool sender_open(struct service *service, const keyferry_ExportTr34KeyBlock *tr34,
                 struct record *record, struct sender *sender, struct kf_error *err);
void sender_close(struct sender *sender);

#endif
