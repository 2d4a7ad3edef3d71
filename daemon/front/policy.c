/* SPDX-License-Identifier: Apache-2.0 */
/* The policy in force until there is a full one; a switch over the classes, so that a new class
 * must be thought about. */
#include "daemon/front/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static bool in_groups(int fd, gid_t group)
{
    socklen_t len = 0;
    gid_t *groups = NULL;
    bool found = false;

    /* The first call only says how many there are. */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE || len == 0)
        return false;
    groups = malloc(len);
    if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0)
        for (size_t i = 0; i < len / sizeof *groups; i++)
            found = found || groups[i] == group;
    free(groups);
    return found;
}

bool peer_read(int fd, bool has_group, gid_t group, struct peer *peer, bool *member)
{
    struct ucred credentials;
    socklen_t len = sizeof credentials;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) != 0 ||
        len != sizeof credentials)
        return false;
    *peer = (struct peer){credentials.uid, credentials.gid, credentials.pid};
    *member = has_group && (credentials.gid == group || in_groups(fd, group));
    return true;
}

bool policy_allows(uid_t uid, bool member, uid_t owner, enum operation_class class)
{
    if (uid == 0 || uid == owner)
        return true;
    switch (class) {
    case CLASS_VIEW:
    case CLASS_EXPORT:
        return member;
    case CLASS_MANAGE:
    case CLASS_TRUST:
        return false;
    }
    return false;
}

void policy_explain(uid_t uid, bool member, const struct operation *operation, char *text,
                    size_t room)
{
    if (member)
        snprintf(text, room,
                 "User %u may look at keys and export them; %s (class %s) is for root and the "
                 "daemon's own user.",
                 (unsigned)uid, operation->name, operation_class_name(operation->class));
    else
        snprintf(text, room,
                 "User %u may not call %s: join the group that access.group in the daemon's "
                 "configuration names.",
                 (unsigned)uid, operation->name);
}
