/* SPDX-License-Identifier: Apache-2.0 */
/* One import on its way: what all formats share. Each format has a function that takes the request
 * to a key of the store. */
#ifndef KF_DAEMON_WORKER_IMPORT_H
#define KF_DAEMON_WORKER_IMPORT_H

#include "daemon/worker/service_internal.h"

struct import_job {
    struct service *service;
    const keyferry_ImportKeyRequest *request;
    struct record *record;
    struct key_state state;    /* of the key to be made, its tags with it */
    const struct p11_key *key; /* the made one */
};

/*
 * Makes object's value, which has just come out of a key block or a cryptogram, a key of the store:
 * job->key. facts say usage, algorithm, mode, version, exportability, origin and an HMAC key's
 * length; what the request asks of any key is checked here, and that its parts differ. The object
 * stays the caller's.
 */
bool import_take(struct import_job *job, CK_OBJECT_HANDLE object, struct key_facts *facts,
                 struct kf_error *err);

/* The formats. */
bool import_as_tr31(struct import_job *job, struct kf_error *err);
bool import_as_root(struct import_job *job, struct kf_error *err);
bool import_as_trusted(struct import_job *job, struct kf_error *err);

#endif
