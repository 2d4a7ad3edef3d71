/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the token, fetched ahead so that a job's few do not cost a call each, and wiped
 * as they are given out. */
#ifndef KF_DAEMON_WORKER_RANDOM_H
#define KF_DAEMON_WORKER_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "p11/token.h"

#define RANDOM_POOL 4096

/* All zero is a valid empty one. */
struct random_pool {
    uint8_t bytes[RANDOM_POOL];
    size_t left;
};

bool random_take(struct random_pool *pool, const struct p11_token *token, uint8_t *out, size_t len,
                 struct kf_error *err);
void random_wipe(struct random_pool *pool);

#endif
