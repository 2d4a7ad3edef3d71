/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket: from systemd (sd_listen_fds(3), by hand), or our own. */
#ifndef KF_DAEMON_PARENT_SOCKET_H
#define KF_DAEMON_PARENT_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/error.h"
#include "conf/conf.h"

struct listener {
    int fd;   /* -1: closed */
    bool own; /* the file is ours to remove */
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    dev_t device; /* of our own file */
    ino_t inode;
};

/* A socket file in the way is replaced only where nobody listens on it. */
bool listener_take(struct listener *listener, const struct conf_socket *conf, struct kf_error *err);
/* Closes it, and removes the file where it is still the one we made. */
void listener_drop(struct listener *listener);

#endif
