/* SPDX-License-Identifier: Apache-2.0 */
/* Plain blocking reads and writes, as a daemon would do them that reads nothing while it writes. */
#include "config.h"

#include "test/unit/client/server.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

void server_start(struct server *server, void (*behaviour)(int fd))
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(server->path, "/tmp/keyferry-unit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(server->path));
    strcat(server->path, "/socket");
    strcpy(address.sun_path, server->path);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    server->process = fork();
    ck_assert_int_ge(server->process, 0);
    if (server->process == 0) {
        int fd = accept(listener, NULL, NULL);

        behaviour(fd);
        _exit(0);
    }
    close(listener);
}

bool server_stop(struct server *server)
{
    int status;

    ck_assert_int_eq(waitpid(server->process, &status, 0), server->process);
    unlink(server->path);
    *strrchr(server->path, '/') = '\0';
    rmdir(server->path);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool read_whole(int fd, uint8_t *to, size_t len)
{
    while (len > 0) {
        ssize_t got = read(fd, to, len);

        if (got <= 0)
            return false;
        to += got;
        len -= (size_t)got;
    }
    return true;
}

bool server_read_frame(int fd)
{
    uint8_t frame[65536];

    if (!read_whole(fd, frame, 4))
        return false;
    return read_whole(fd, frame, (size_t)frame[2] << 8 | frame[3]);
}

void server_reply(int fd, uint64_t id, const void *members, size_t len)
{
    uint8_t frame[65536] = {0, 0, 0, 0, 0x08};
    size_t end = 5;

    for (; id > 0x7F; id >>= 7)
        frame[end++] = (uint8_t)(id | 0x80);
    frame[end++] = (uint8_t)id;
    memcpy(frame + end, members, len);
    end += len;
    frame[2] = (uint8_t)((end - 4) >> 8);
    frame[3] = (uint8_t)(end - 4);
    for (size_t sent = 0; sent < end;) {
        ssize_t did = send(fd, frame + sent, end - sent, MSG_NOSIGNAL);

        if (did <= 0)
            _exit(1);
        sent += (size_t)did;
    }
}
