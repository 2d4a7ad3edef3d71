/* SPDX-License-Identifier: Apache-2.0 */
/* recv and send with the answers of the kernel sorted into three. */
#include "daemon/stream.h"

#include <errno.h>
#include <sys/socket.h>

enum stream_result stream_read(int fd, struct frame_in *in)
{
    size_t room;
    uint8_t *at = frame_in_space(in, &room);
    ssize_t got;

    if (!at)
        return STREAM_CLOSED;
    do
        got = recv(fd, at, room, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        frame_in_filled(in, (size_t)got);
        return STREAM_DONE;
    }
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? STREAM_AGAIN : STREAM_CLOSED;
}

enum stream_result stream_write(int fd, struct frame_out *out)
{
    for (;;) {
        size_t len;
        const uint8_t *data = frame_out_data(out, &len);
        ssize_t sent;

        if (len == 0)
            return STREAM_DONE;
        sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent > 0)
            frame_out_written(out, (size_t)sent);
        else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return STREAM_AGAIN;
        else if (sent == 0 || errno != EINTR)
            return STREAM_CLOSED;
    }
}
