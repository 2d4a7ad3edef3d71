/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is allowed at most so often: ALLOWANCE_BURST times at once, and once more every
 * ALLOWANCE_MS. Starts with all of it when it is zero.
 */
#ifndef KF_DAEMON_FRONT_ALLOWANCE_H
#define KF_DAEMON_FRONT_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#define ALLOWANCE_BURST 100
#define ALLOWANCE_MS 1000

struct allowance {
    uint64_t whole_ms; /* when all of it is there again, by the clock of now_ms */
};

/* Whether it is allowed now; it then counts. */
bool allowance_take(struct allowance *allowance, uint64_t now_ms);

#endif
