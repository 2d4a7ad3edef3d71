/* SPDX-License-Identifier: Apache-2.0 */
/* A key pair of the store that a request names together with the certificate that somebody else
 * gave it: the sender's in an export, the receiver's in an import. */
#ifndef KF_DAEMON_WORKER_PAIR_H
#define KF_DAEMON_WORKER_PAIR_H

#include "daemon/worker/service_internal.h"
#include "tr34/chain.h"

struct pair_kind {
    const char *key_field, *certificate_field; /* the request's members */
    const char *prefix;                        /* of the members of the record */
    const char *must_be;                       /* the rule, behind "is not a key pair that " */
    enum tr34_purpose purpose;                 /* TR34_SENDER or TR34_RECIPIENT */
};

struct pair {
    CK_OBJECT_HANDLE private_key;
    enum key_algorithm algorithm;
    struct tr34_certificate *certificate; /* the caller's to free, also after a failure */
};

/* Finds both, and checks that they belong together and that the certificate may serve now. */
bool pair_open(struct service *service, const struct pair_kind *kind, const char *identifier,
               const char *certificate, struct record *record, struct pair *pair,
               struct kf_error *err);

/* The same for the key behind the token of get-parameters-for-export or -import, text in the
 * request's member field, whose certificate is kept with it. */
bool pair_open_token(struct service *service, const char *field, const char *text,
                     enum key_purpose purpose, struct record *record, struct pair *pair,
                     struct kf_error *err);

#endif
