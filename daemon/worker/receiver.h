/* SPDX-License-Identifier: Apache-2.0 */
/* The KRD: the private key that what comes in was wrapped to, by import token or as a key pair of
 * the store with a certificate from elsewhere. */
#ifndef KF_DAEMON_WORKER_RECEIVER_H
#define KF_DAEMON_WORKER_RECEIVER_H

#include "daemon/worker/pair.h"

struct receiver {
    const char *field; /* the request's member that names the key */
    struct pair pair;
};

/* Finds what the request names: exactly one of ImportToken, and WrappingKeyIdentifier with
 * WrappingKeyCertificate. To be ended by receiver_close, also after a failure. */
bool receiver_open_tr34(struct service *service, const keyferry_ImportTr34KeyBlock *tr34,
                        struct record *record, struct receiver *receiver, struct kf_error *err);
/* Of a key cryptogram, which has an ImportToken only. */
bool receiver_open_cryptogram(struct service *service, const keyferry_ImportKeyCryptogram *in,
                              struct record *record, struct receiver *receiver,
                              struct kf_error *err);
void receiver_close(struct receiver *receiver);

/* Whether the RSA key is strong enough for a key of this algorithm (AWS's matrix). */
bool receiver_check_strength(const struct receiver *receiver, enum key_algorithm algorithm,
                             struct kf_error *err);
/* What was wrapped to the key is as long as its modulus; field is the request's member that it came
 * in. */
bool receiver_check_length(const struct receiver *receiver, const char *field, size_t len,
                           struct kf_error *err);

#endif
