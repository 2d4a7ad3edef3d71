/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The presentation of the PIN, as the service tells of it: by one worker at a time. A PIN that the
 * token has refused, or of which nobody knows what it made of it (the worker died over it, or the
 * answer was about something else), is not presented again while the daemon runs, whatever becomes
 * of the date of its file: workers leave a keyed mark of it in a memory that they alone see. And
 * while the token has the PIN, the parent knows.
 *
 * A PIN that the token has taken before is wrong only if it was changed there meanwhile, and a
 * killed worker or a token that hangs must not be enough to keep all down: it is presented after
 * LOGIN_LOST_MAX such ends in a row, then once in LOGIN_PATIENCE_MS.
 */
#ifndef KF_DAEMON_WORKER_LOGIN_H
#define KF_DAEMON_WORKER_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/ipc.h"
#include "p11/pin.h"

#define LOGIN_LOST_MAX 2

struct login {
    struct login_memory *memory;
    struct shared *shared;
    unsigned slot;
};

/* Before the PIN is presented: waits until nobody else does. False (KF_FAULT_PIN) where it must not
 * be. */
bool login_begin(struct login *login, const unsigned char *pin, size_t len, struct kf_error *err);
/* The token has answered. */
void login_end(struct login *login, enum pin_said said);

#endif
