/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon for one connection: a child process that does what the test says. Knows frames and
 * nothing else of ours, so that it serves tests of the installed library too. */
#ifndef KF_TEST_UNIT_CLIENT_SERVER_H
#define KF_TEST_UNIT_CLIENT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct server {
    char path[64]; /* of its socket, in a folder of its own */
    pid_t process;
};

/* Listens, and runs behaviour on the first connection. */
void server_start(struct server *server, void (*behaviour)(int fd));
/* Waits for its end and takes the socket away; false where the child did not end well. */
bool server_stop(struct server *server);

/* Reads and forgets a frame; false at the end of the stream. */
bool server_read_frame(int fd);
/* Writes a frame: a response's id, then len bytes of its other members. */
void server_reply(int fd, uint64_t id, const void *members, size_t len);

#endif
