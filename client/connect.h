/* SPDX-License-Identifier: Apache-2.0 */
/* Getting to the daemon's socket, and saying plainly why not. */
#ifndef KF_CLIENT_CONNECT_H
#define KF_CLIENT_CONNECT_H

#include "base/error.h"

/* path where it is given, else KEYFERRY_SOCKET, else the place where the daemon's package puts its
 * socket. */
const char *connect_path(const char *path);

/* A connected, non-blocking socket, closed on exec; -1 with err filled in. */
int connect_socket(const char *path, struct kf_error *err);

#endif
