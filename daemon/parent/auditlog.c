/* SPDX-License-Identifier: Apache-2.0 */
/* The checks are made on the open file, so that nobody can change it in between. */
#include "daemon/parent/auditlog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static bool check(int fd, const char *path, struct kf_error *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return kf_fail(err, KF_UNAVAILABLE, "The audit log %s: %s.", path, strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
        return kf_fail(err, KF_UNAVAILABLE,
                       "The audit log %s must be a regular file with one name.", path);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return kf_fail(err, KF_UNAVAILABLE,
                       "The audit log %s belongs to user %u; it must be the daemon's or root's.",
                       path, (unsigned)status.st_uid);
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return kf_fail(err, KF_UNAVAILABLE,
                       "The audit log %s can be written by others than its owner (mode %03o); take "
                       "that right away.",
                       path, (unsigned)(status.st_mode & 0777));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return kf_fail(err, KF_UNAVAILABLE,
                       "The audit log %s is in use by another daemon; give each its own.", path);
    return true;
}

/* A name is durable when its folder is. */
static bool sync_folder(const char *path, struct kf_error *err)
{
    char folder[PATH_MAX];
    int fd;
    bool good;

    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path) + 1, path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    good = (fd >= 0 && fsync(fd) == 0) ||
           kf_fail(err, KF_UNAVAILABLE, "The audit log's folder %s cannot be synced: %s.", folder,
                   strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

int auditlog_open(const char *path, struct kf_error *err)
{
    int fd = open(path, FLAGS);
    bool made = false;

    if (fd < 0 && errno == ENOENT) {
        fd = open(path, FLAGS | O_CREAT | O_EXCL, 0640);
        made = fd >= 0;
    }
    if (fd < 0) {
        kf_fail(err, KF_UNAVAILABLE, "The audit log %s cannot be opened: %s.", path,
                errno == ELOOP ? "it is a symbolic link" : strerror(errno));
        return -1;
    }
    if (check(fd, path, err) && (!made || sync_folder(path, err)))
        return fd;
    close(fd);
    return -1;
}

bool auditlog_is_at(int fd, const char *path)
{
    struct stat open_one, named;

    return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 &&
           open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}
