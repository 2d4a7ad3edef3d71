/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The presentation of the PIN, as the service tells of it. A PIN that the token has refused, or
 * that a worker died over, is not presented again while the daemon runs, whatever becomes of the
 * date of its file: workers leave a keyed mark of it in a memory that they alone see. And while the
 * token has the PIN, the parent knows: a worker that dies then leaves the outcome open.
 */
#ifndef KF_DAEMON_WORKER_LOGIN_H
#define KF_DAEMON_WORKER_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/ipc.h"

struct login {
    struct login_memory *memory;
    struct shared *shared;
    unsigned slot;
};

/* Before the PIN is presented. False (KF_FAULT_PIN) where it must not be. */
bool login_begin(struct login *login, const unsigned char *pin, size_t len, struct kf_error *err);
/* The token has answered; refused where it did not like the PIN. */
void login_end(struct login *login, bool refused);

#endif
