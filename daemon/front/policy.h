/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what. Root and the daemon's own user: everything. Members of the configured group:
 * view and export. Everybody else: nothing. Default deny; the peer is as the kernel named it.
 */
#ifndef KF_DAEMON_FRONT_POLICY_H
#define KF_DAEMON_FRONT_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/operation.h"
#include "daemon/peer.h"

/* Who is at the other end of a connected socket, and whether it is a member of group. False where
 * the kernel does not say. */
bool peer_read(int fd, bool has_group, gid_t group, struct peer *peer, bool *member);

bool policy_allows(uid_t uid, bool member, uid_t owner, enum operation_class class);

/* The sentence for who is refused. */
void policy_explain(uid_t uid, bool member, const struct operation *operation, char *text,
                    size_t room);

#endif
