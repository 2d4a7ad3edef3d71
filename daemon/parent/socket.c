/* SPDX-License-Identifier: Apache-2.0 */
/* Taking or making the listening socket. */
#include "daemon/parent/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SYSTEMD_FIRST_FD 3
#define BACKLOG 512
/* Out of the way of the descriptors that children are given. */
#define HIGH_FD 32
/* How often and how long another daemon is waited for that is starting. */
#define LOCK_TRIES 50
#define LOCK_PAUSE_MS 100

/* Whether systemd passed descriptors to this very process, and how many. */
static long systemd_fds(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    long fds = pid && count && strtoll(pid, NULL, 10) == getpid() ? strtol(count, NULL, 10) : 0;

    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return fds;
}

static bool option_is(int fd, int option, int wanted)
{
    int value = 0;
    socklen_t len = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 && value == wanted;
}

static bool take_systemd(struct listener *listener, long count, struct kf_error *err)
{
    if (count != 1)
        return kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_CONFIG, NULL,
                             "systemd passed %ld sockets; the socket unit must have exactly one.",
                             count);
    if (!option_is(SYSTEMD_FIRST_FD, SO_DOMAIN, AF_UNIX) ||
        !option_is(SYSTEMD_FIRST_FD, SO_TYPE, SOCK_STREAM) ||
        !option_is(SYSTEMD_FIRST_FD, SO_ACCEPTCONN, 1))
        return kf_fail_fault(
            err, KF_UNAVAILABLE, KF_FAULT_CONFIG, NULL,
            "The socket from systemd is not a listening Unix stream socket; use ListenStream=/path "
            "and Accept=no.");
    listener->fd = fcntl(SYSTEMD_FIRST_FD, F_DUPFD_CLOEXEC, HIGH_FD);
    close(SYSTEMD_FIRST_FD);
    return listener->fd >= 0 ||
           kf_fail(err, KF_INTERNAL, "The socket from systemd cannot be kept: %s.",
                   strerror(errno));
}

static bool clear_way(const struct sockaddr_un *address, struct kf_error *err)
{
    struct stat status;
    int probe;
    bool stale;

    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT ||
               kf_fail(err, KF_UNAVAILABLE, "%s: %s.", address->sun_path, strerror(errno));
    if (!S_ISSOCK(status.st_mode))
        return kf_fail(err, KF_UNAVAILABLE,
                       "%s is there already and is no socket; remove it or change socket.path.",
                       address->sun_path);
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    stale = probe >= 0 && connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 &&
            errno == ECONNREFUSED;
    if (probe >= 0)
        close(probe);
    if (!stale)
        return kf_fail(
            err, KF_UNAVAILABLE,
            "Another program listens on %s; stop it, or give this daemon another socket.path.",
            address->sun_path);
    return unlink(address->sun_path) == 0 ||
           kf_fail(err, KF_UNAVAILABLE, "The left-over %s cannot be removed: %s.",
                   address->sun_path, strerror(errno));
}

/* Two daemons that start at once would each take the other's socket, before it listens, for a
 * left-over: a file beside it is locked from the look at it until it listens. The file stays, and
 * nobody else can open it, or they could keep the daemon from starting. -1 where another daemon
 * does not come to an end with it. */
static int lock_way(const char *path, struct kf_error *err)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000};
    char name[PATH_MAX];
    int fd;

    snprintf(name, sizeof name, "%s.lock", path);
    fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    for (unsigned i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        nanosleep(&pause, NULL);
    }
    kf_fail(err, KF_UNAVAILABLE, "%s cannot be locked: %s.", name,
            fd >= 0 ? "another daemon is starting there" : strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* With the way locked. */
static bool bind_and_listen(struct listener *listener, const struct conf_socket *conf,
                            struct kf_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    mode_t old_mask;
    bool bound;

    strncpy(address.sun_path, conf->path, sizeof address.sun_path - 1);
    if (!clear_way(&address, err))
        return false;
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0)
        return kf_fail(err, KF_INTERNAL, "No socket can be made: %s.", strerror(errno));
    /* Nobody may connect before the mode is what was asked for. */
    old_mask = umask(0177);
    bound = bind(listener->fd, (struct sockaddr *)&address, sizeof address) == 0;
    umask(old_mask);
    if (!bound)
        return kf_fail(err, KF_UNAVAILABLE, "The socket %s cannot be made: %s.", conf->path,
                       strerror(errno));
    listener->own = true;
    memcpy(listener->path, address.sun_path, sizeof listener->path);
    if (lstat(conf->path, &status) != 0 || listen(listener->fd, BACKLOG) != 0 ||
        fchmodat(AT_FDCWD, conf->path, conf->mode, AT_SYMLINK_NOFOLLOW) != 0)
        return kf_fail(err, KF_UNAVAILABLE, "The socket %s cannot be set up: %s.", conf->path,
                       strerror(errno));
    listener->device = status.st_dev;
    listener->inode = status.st_ino;
    return true;
}

static bool make(struct listener *listener, const struct conf_socket *conf, struct kf_error *err)
{
    int lock = lock_way(conf->path, err);
    bool good = lock >= 0 && bind_and_listen(listener, conf, err);

    if (lock >= 0)
        close(lock);
    return good;
}

bool listener_take(struct listener *listener, const struct conf_socket *conf, struct kf_error *err)
{
    long count = systemd_fds();

    *listener = (struct listener){.fd = -1};
    return count > 0 ? take_systemd(listener, count, err) : make(listener, conf, err);
}

void listener_drop(struct listener *listener)
{
    struct stat status;

    if (listener->fd < 0)
        return;
    close(listener->fd);
    listener->fd = -1;
    if (listener->own && lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
        status.st_ino == listener->inode)
        unlink(listener->path);
}
