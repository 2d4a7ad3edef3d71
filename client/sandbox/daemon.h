/* SPDX-License-Identifier: Apache-2.0 */
/* keyferryd in a sandbox: its configuration, its start until it is ready. */
#ifndef KF_CLIENT_SANDBOX_DAEMON_H
#define KF_CLIENT_SANDBOX_DAEMON_H

#include "client/sandbox/places.h"
#include "client/sandbox/process.h"
#include "client/sandbox/sandbox.h"
#include "client/sandbox/token.h"

bool sandbox_write_config(const struct sandbox_options *options,
                          const struct sandbox_places *places, const struct sandbox_token *token,
                          struct kf_error *err);

/* Starts it and waits until it says that it is ready, all workers up. False where it is not within
 * a minute, says that it is down, ends, or we are interrupted. */
bool sandbox_daemon_up(struct sandbox_loop *loop, const struct sandbox_places *places,
                       struct kf_error *err);

/* Makes the CA in the token, where it has none. A token that cannot is for other tests: why is said
 * on stderr, and the sandbox goes on. */
void sandbox_make_ca(const struct sandbox_places *places);

/* The end of its log, to stderr. */
void sandbox_show_log(const struct sandbox_places *places);

#endif
