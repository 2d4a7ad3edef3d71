/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, as the kernel said when the connection was made (SO_PEERCRED). The pid is for the
 * record only. */
#ifndef KF_DAEMON_PEER_H
#define KF_DAEMON_PEER_H

#include <sys/types.h>

struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
};

#endif
