/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker does for a living, seen from its loop: open the token, answer jobs one after the
 * other, close. The loop (daemon/worker/loop.c) knows frames and descriptors and nothing of keys;
 * the service knows keys and nothing of frames.
 */
#ifndef KF_DAEMON_WORKER_SERVICE_H
#define KF_DAEMON_WORKER_SERVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/conf.h"
#include "daemon/peer.h"
#include "wire/message.h"

/* One page shared by the workers of this host. A change to a key or alias bumps `changes` before
 * its answer leaves; every worker looks at it before each job, so a change binds the next job of
 * all of them. */
struct host_state {
    _Atomic uint64_t changes;
    _Atomic bool seals;           /* a worker has proven that the token seals */
    _Atomic unsigned seal_doubts; /* workers that could not tell */
};

/* A job, as the front hands it over. */
struct job {
    uint64_t number; /* the front's own, unique while the daemon runs */
    struct peer peer;
    struct wire_request request; /* body points into the loop's buffer */
};

/* The answer: a whole encoded Response, and the line of the audit log that must be on disk before
 * it leaves. Both are written by service_handle into the loop's buffers. */
struct answer {
    uint8_t *response;
    size_t response_room, response_len;
    char *record; /* one JSON object, without newline */
    size_t record_room, record_len;
    enum kf_fault fault; /* what the loop must do next: nothing, or leave so that the parent starts
                            a new worker */
};

struct service;
struct login; /* daemon/worker/login.h */

/* Loads the module, finds the token, logs in, proves the token (design: token profile) and reads
 * the key index. On failure err->fault says why: KF_FAULT_PIN must not be tried again before the
 * PIN source changes, KF_FAULT_CONFIG not before the configuration changes; everything else may be
 * tried again. slot is the worker's number, 0 the one that sweeps. host may not be NULL. login is
 * told of the PIN's presentation, and may forbid it; NULL where this is the only worker there is.
 */
struct service *service_open(const struct conf *conf, unsigned slot, struct host_state *host,
                             struct login *login, struct kf_error *err);

/* Answers one job. Always fills in both texts. */
void service_handle(struct service *service, const struct job *job, struct answer *answer);

/* Called when there has been no job for a second or longer: the time for sweeping, and for letting
 * go of what was derived from keys that are not to be used any more. False: the token is gone, and
 * the worker has to leave. */
bool service_idle(struct service *service, struct kf_error *err);

void service_close(struct service *service);

#endif
