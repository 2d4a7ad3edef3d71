/* SPDX-License-Identifier: Apache-2.0 */
/* Frames through a stream socket: one system call moves as many as there are. Works on blocking
 * descriptors too. */
#ifndef KF_DAEMON_STREAM_H
#define KF_DAEMON_STREAM_H

#include "wire/frame.h"

enum stream_result {
    STREAM_DONE,   /* something was read; everything was written */
    STREAM_AGAIN,  /* nothing to read now; not everything could be written */
    STREAM_CLOSED, /* the other side is gone, or the socket is broken */
};

/* One read. */
enum stream_result stream_read(int fd, struct frame_in *in);
enum stream_result stream_write(int fd, struct frame_out *out);

#endif
