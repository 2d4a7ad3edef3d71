/* SPDX-License-Identifier: Apache-2.0 */
/* A thin layer over uv_poll. */
#include "daemon/front/watch.h"

#include <unistd.h>

#include "daemon/process.h"

bool watch_open(struct watch *watch, uv_loop_t *loop, int fd, void *owner, uv_poll_cb callback)
{
    watch->fd = fd;
    watch->events = 0;
    watch->callback = callback;
    if (!process_set_nonblocking(fd) || uv_poll_init(loop, &watch->poll, fd) != 0)
        return false;
    watch->poll.data = owner;
    return true;
}

void watch_set(struct watch *watch, int events)
{
    if (events == watch->events)
        return;
    watch->events = events;
    if (events == 0)
        uv_poll_stop(&watch->poll);
    else
        uv_poll_start(&watch->poll, events, watch->callback);
}

void watch_close(struct watch *watch, uv_close_cb closed)
{
    uv_close((uv_handle_t *)&watch->poll, closed);
    close(watch->fd);
    watch->fd = -1;
}
