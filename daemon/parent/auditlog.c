/* SPDX-License-Identifier: Apache-2.0 */
/* The checks are made on the open file, so that nobody can change it in between. */
#include "daemon/parent/auditlog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool check(int fd, const char *path, struct kf_error *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return kf_fail(err, KF_UNAVAILABLE, "The audit log %s: %s.", path, strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
        return kf_fail(err, KF_UNAVAILABLE,
                       "The audit log %s must be a regular file with one name.", path);
    if (status.st_mode & S_IWOTH)
        return kf_fail(err, KF_UNAVAILABLE,
                       "The audit log %s can be written by everybody; take that right away.", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return kf_fail(err, KF_UNAVAILABLE,
                       "The audit log %s is in use by another daemon; give each its own.", path);
    return true;
}

int auditlog_open(const char *path, struct kf_error *err)
{
    int fd = open(
        path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);

    if (fd < 0) {
        kf_fail(err, KF_UNAVAILABLE, "The audit log %s cannot be opened: %s.", path,
                errno == ELOOP ? "it is a symbolic link" : strerror(errno));
        return -1;
    }
    if (check(fd, path, err))
        return fd;
    close(fd);
    return -1;
}
