/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists were found by strace over the integration tests and by reading what libuv's loop and
 * the C library's allocator may call on 64-bit machines. Where a call can do much more than is
 * needed of it, its arguments are on the list too; several entries for one call are alternatives.
 */
#include "daemon/confine/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARGUMENTS_MAX 2

struct allowed {
    int call;
    unsigned count; /* of arguments that are looked at */
    struct scmp_arg_cmp arguments[ARGUMENTS_MAX];
};

#define CALL(name)             \
    {                          \
        .call = SCMP_SYS(name) \
    }
#define CALL_IF(name, condition)                                       \
    {                                                                  \
        .call = SCMP_SYS(name), .count = 1, .arguments = { condition } \
    }
#define CALL_IF_BOTH(name, one, other)                                  \
    {                                                                   \
        .call = SCMP_SYS(name), .count = 2, .arguments = { one, other } \
    }
#define IS(argument, value)                               \
    {                                                     \
        (argument), SCMP_CMP_EQ, (scmp_datum_t)(value), 0 \
    }
#define HAS(argument, mask, value)                                                  \
    {                                                                               \
        (argument), SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value) \
    }

/* What the C library, and the end of a process, need anywhere. Memory of no file only, and never to
 * be executed. */
static const struct allowed everywhere[] = {
    CALL(brk),
    CALL_IF_BOTH(mmap, HAS(2, PROT_EXEC, 0), HAS(3, MAP_ANONYMOUS, MAP_ANONYMOUS)),
    CALL_IF(mprotect, HAS(2, PROT_EXEC, 0)),
    CALL(mremap),
    CALL(munmap),
    CALL(madvise),
    CALL(futex),
    CALL(getrandom),
    CALL(clock_gettime), /* where the kernel gives no vDSO */
    CALL(gettimeofday),
    CALL(time),
    CALL(getpid),
    CALL(gettid),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(restart_syscall),
    CALL(exit),
    CALL(exit_group),
    CALL(read),
    CALL(write),
    CALL(close),
    CALL(recvfrom),
    CALL(sendto),
    CALL(recvmsg), /* the parent hands descriptors over */
    CALL(sendmsg),
    CALL(poll),
    CALL(ppoll),
    CALL(shutdown),
    CALL_IF(fcntl, IS(1, F_GETFL)),
    CALL_IF(fcntl, IS(1, F_SETFL)),
};

static const struct allowed of_front[] = {
    CALL(accept4),
    CALL_IF_BOTH(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_PEERCRED)),
    CALL_IF_BOTH(getsockopt, IS(1, SOL_SOCKET), IS(2, SO_PEERGROUPS)),
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL_IF(ioctl, IS(1, FIONBIO)),
};

static const struct allowed of_auditor[] = {
    CALL(pread64),
    CALL(fdatasync),
    CALL(fstat),
    /* fstat() in newer C libraries. It could still ask about a path; it cannot open one. */
    CALL_IF(newfstatat, IS(3, AT_EMPTY_PATH)),
    CALL_IF(ioctl, IS(1, FIONREAD)),
};

static int add(scmp_filter_ctx filter, const struct allowed *list, size_t count)
{
    int result = 0;

    for (size_t i = 0; i < count && result == 0; i++)
        result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, list[i].call, list[i].count,
                                        list[i].arguments);
    return result;
}

static int fill(scmp_filter_ctx filter, enum filter_role role)
{
    /* abort(), and nobody else's end */
    const struct allowed own_end = CALL_IF(tgkill, IS(0, getpid()));
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    if (result == 0) /* the kernel's own errno where it refuses the filter */
        result = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
    if (result == 0)
        result = add(filter, &own_end, 1);
    if (result == 0)
        result = add(filter, everywhere, sizeof everywhere / sizeof *everywhere);
    if (result != 0)
        return result;
    return role == FILTER_FRONT ? add(filter, of_front, sizeof of_front / sizeof *of_front)
                                : add(filter, of_auditor, sizeof of_auditor / sizeof *of_auditor);
}

enum confine_part filter_load(enum filter_role role, struct kf_error *err)
{
    scmp_filter_ctx filter;
    int result = -EOPNOTSUPP; /* seccomp_init asks the kernel for KILL_PROCESS */

    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
        return PART_ABSENT;
    filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter) {
        result = fill(filter, role);
        if (result == 0)
            result = seccomp_load(filter);
        seccomp_release(filter);
    }
    if (result == 0)
        return PART_IN_FORCE;
    kf_fail(err, KF_INTERNAL, "The filter of system calls cannot be put in force: %s.",
            strerror(-result));
    return PART_FAILED;
}
