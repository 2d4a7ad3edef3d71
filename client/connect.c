/* SPDX-License-Identifier: Apache-2.0 */
/* A failed connect is most people's first meeting with Keyferry: each cause gets its own sentence
 * and its remedy. */
#include "config.h"

#include "client/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/keyferry.h"

/* How long a full queue of connections is waited for. */
#define CONNECT_SECONDS 10

const char *connect_path(const char *path)
{
    const char *named = path ? path : getenv("KEYFERRY_SOCKET");

    return named && *named ? named : KF_CLIENT_DEFAULT_SOCKET;
}

/* The owner and group of the socket are the rule about who may connect; where even they cannot be
 * read, the rule is told in general. */
static void denied(const char *path, struct kf_error *err)
{
    struct stat info;
    struct passwd *user = NULL;
    struct group *group = NULL;

    if (stat(path, &info) == 0) {
        user = getpwuid(info.st_uid);
        group = getgrgid(info.st_gid);
    }
    if (user && group)
        kf_fail(err, KF_ACCESS_DENIED,
                "Only root, the user %s and members of the group %s may connect to %s. Ask an "
                "administrator to add "
                "you to that group ('usermod -aG %s USER'), then log in anew.",
                user->pw_name, group->gr_name, path, group->gr_name);
    else
        kf_fail(err, KF_ACCESS_DENIED,
                "Only root, the daemon's own user and members of the daemon's configured group may "
                "connect to %s. Ask "
                "an administrator to add you to that group, then log in anew.",
                path);
}

static void explain(const char *path, int error, struct kf_error *err)
{
    switch (error) {
    case EACCES:
    case EPERM:
        denied(path, err);
        break;
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
        kf_fail(err, KF_UNAVAILABLE,
                "No daemon listens on %s (%s). See whether it runs with 'systemctl status "
                "keyferry', or name its "
                "socket with --socket or in KEYFERRY_SOCKET.",
                path, strerror(error));
        break;
    case EAGAIN:
    case EINPROGRESS:
        kf_fail(err, KF_UNAVAILABLE,
                "The daemon on %s accepted no connection for %d seconds. Try again later; see "
                "'systemctl status "
                "keyferry'.",
                path, CONNECT_SECONDS);
        break;
    default:
        kf_fail(err, KF_UNAVAILABLE, "Cannot connect to %s: %s. Is it keyferryd's socket?", path,
                strerror(error));
    }
}

int connect_socket(const char *path, struct kf_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = CONNECT_SECONDS};
    int fd;
    int result;

    if (strlen(path) >= sizeof address.sun_path) {
        kf_fail(err, KF_VALIDATION, "The path of the socket is longer than %zu characters: %s",
                sizeof address.sun_path - 1, path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        kf_fail(err, KF_UNAVAILABLE, "Cannot make a socket: %s.", strerror(errno));
        return -1;
    }
    /* A non-blocking connect to a full queue fails at once; a blocking one waits as long as it may
     * send. */
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    do
        result = connect(fd, (const struct sockaddr *)&address, sizeof address);
    while (result < 0 && errno == EINTR);
    if (result < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
        explain(path, errno, err);
        close(fd);
        return -1;
    }
    return fd;
}
