/* SPDX-License-Identifier: Apache-2.0 */
/* One descriptor in the loop. Changing what is waited for costs system calls in libuv, so only
 * changes reach it. */
#ifndef KF_DAEMON_FRONT_WATCH_H
#define KF_DAEMON_FRONT_WATCH_H

#include <stdbool.h>
#include <uv.h>

struct watch {
    uv_poll_t poll; /* its data is the owner */
    int fd, events;
    uv_poll_cb callback;
};

/* Makes fd non-blocking and puts it into the loop, waiting for nothing yet. fd belongs to the watch
 * from here on. */
bool watch_open(struct watch *watch, uv_loop_t *loop, int fd, void *owner, uv_poll_cb callback);
/* UV_READABLE, UV_WRITABLE, UV_DISCONNECT; 0 for nothing. */
void watch_set(struct watch *watch, int events);
/* Closes the descriptor now; the watch's memory may be freed when closed is called. */
void watch_close(struct watch *watch, uv_close_cb closed);

#endif
