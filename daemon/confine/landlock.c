/* SPDX-License-Identifier: Apache-2.0 */
/* By the system calls themselves: the C library has no functions for them, and the header of the
 * system this is built on may be older than the kernel it runs on. */
#include "daemon/confine/landlock.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct landlock_ruleset_attr and the rights as of version 6, from the kernel's
 * Documentation/userspace-api/landlock.rst. */
struct ruleset {
    uint64_t files; /* version 1 */
    uint64_t net;   /* 4 */
    uint64_t scope; /* 6 */
};

#define ASK_VERSION 1U
/* Rights to files are numbered without a gap; each version knew this many of them. */
#define FILES_1 13
#define FILES_2 14 /* and to link and rename between folders */
#define FILES_3 15 /* and to truncate */
#define FILES_5 16 /* and ioctl on devices */
#define FIRST(n) ((UINT64_C(1) << (n)) - 1)
#define NET_4 FIRST(2)   /* to bind and to connect TCP sockets */
#define SCOPE_6 FIRST(2) /* abstract Unix sockets, signals */

static struct ruleset everything(unsigned version)
{
    struct ruleset ruleset = {.files = FIRST(FILES_1)};

    if (version >= 2)
        ruleset.files = FIRST(FILES_2);
    if (version >= 3)
        ruleset.files = FIRST(FILES_3);
    if (version >= 4)
        ruleset.net = NET_4;
    if (version >= 5)
        ruleset.files = FIRST(FILES_5);
    if (version >= 6)
        ruleset.scope = SCOPE_6;
    return ruleset;
}

enum confine_part landlock_enter(unsigned *version, struct kf_error *err)
{
    long known = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, ASK_VERSION);
    struct ruleset ruleset;
    long fd;
    int cause = 0;

    *version = 0;
    /* EPERM: a filter around the daemon, a container's for instance, does not know the call. */
    if (known < 1 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM))
        return PART_ABSENT;
    ruleset = everything((unsigned)known);
    /* An older kernel takes the longer structure as long as what it does not know is zero. */
    fd = known < 1 ? -1 : syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0U);
    if (fd < 0 || syscall(SYS_landlock_restrict_self, (int)fd, 0U) != 0)
        cause = errno;
    if (fd >= 0)
        close((int)fd);
    if (cause != 0) {
        kf_fail(err, KF_INTERNAL, "Landlock cannot be put in force: %s.", strerror(cause));
        return PART_FAILED;
    }
    *version = (unsigned)known;
    return PART_IN_FORCE;
}
