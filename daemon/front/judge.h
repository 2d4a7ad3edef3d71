/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of what a client sent: it is refused at once, or goes on to a worker. */
#ifndef KF_DAEMON_FRONT_JUDGE_H
#define KF_DAEMON_FRONT_JUDGE_H

#include "daemon/front/front.h"

struct verdict {
    enum kf_status status; /* KF_OK, or why it is refused */
    bool poisons;          /* nothing after it can be understood */
    char message[KF_MESSAGE_MAX];
};

/* Decodes the frame of len bytes, which got came with, into request (all zero where it is none),
 * and judges it. request points into the frame. */
void judge(const struct connection *connection, enum frame_result got, const uint8_t *frame,
           size_t len, struct wire_request *request, struct verdict *verdict);

#endif
