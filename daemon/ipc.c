/* SPDX-License-Identifier: Apache-2.0 */
/* Packing and unpacking of the daemon's own messages. */
#include "daemon/ipc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool control_send(int socket, const struct control *message, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } ancillary;
    struct iovec part = {.iov_base = (void *)message, .iov_len = sizeof *message};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent;

    if (fd >= 0) {
        struct cmsghdr *rights;

        memset(&ancillary, 0, sizeof ancillary);
        header.msg_control = &ancillary;
        header.msg_controllen = sizeof ancillary;
        rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    }
    do
        sent = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof *message;
}

enum control_got control_receive(int socket, bool wait, struct control *message, int *fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } ancillary;
    struct iovec part = {.iov_base = message, .iov_len = sizeof *message};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &ancillary,
                            /* Room for one descriptor exactly: CMSG_SPACE's padding would let the
                             * kernel install a second one, which nobody would ever close. */
                            .msg_controllen = CMSG_LEN(sizeof(int))};
    struct cmsghdr *rights;
    ssize_t got;

    *fd = -1;
    do
        got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return CONTROL_NONE;
    if (got <= 0)
        return CONTROL_CLOSED;
    rights = CMSG_FIRSTHDR(&header);
    if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(rights), sizeof *fd);
    if (got == (ssize_t)sizeof *message)
        return CONTROL_GOT;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return CONTROL_CLOSED;
}

bool job_put(struct frame_out *out, const struct job *job)
{
    const struct wire_request *request = &job->request;
    uint8_t *at = frame_out_begin(out, JOB_HEAD + request->body_len);

    if (!at)
        return false;
    frame_put_u64(at, job->number);
    frame_put_u32(at + 8, job->peer.uid);
    frame_put_u32(at + 12, job->peer.gid);
    frame_put_u32(at + 16, (uint32_t)job->peer.pid);
    frame_put_u32(at + 20, request->operation);
    frame_put_u64(at + 24, request->id);
    if (request->body_len > 0)
        memcpy(at + JOB_HEAD, request->body, request->body_len);
    frame_out_end(out, JOB_HEAD + request->body_len);
    return true;
}

bool job_get(const uint8_t *frame, size_t len, struct job *job)
{
    if (len < JOB_HEAD)
        return false;
    *job = (struct job){
        .number = frame_get_u64(frame),
        .peer = {frame_get_u32(frame + 8), frame_get_u32(frame + 12),
                 (pid_t)frame_get_u32(frame + 16)},
        .request = {.operation = frame_get_u32(frame + 20),
                    .id = frame_get_u64(frame + 24),
                    .body = frame + JOB_HEAD,
                    .body_len = len - JOB_HEAD},
    };
    return true;
}

size_t result_seal(uint8_t *frame, uint64_t number, size_t response_len, const char *record,
                   size_t record_len)
{
    frame_put_u64(frame, number);
    frame_put_u32(frame + 8, (uint32_t)response_len);
    memcpy(frame + RESULT_HEAD + response_len, record, record_len);
    return RESULT_HEAD + response_len + record_len;
}

bool result_get(const uint8_t *frame, size_t len, struct result *result)
{
    if (len < RESULT_HEAD)
        return false;
    result->number = frame_get_u64(frame);
    result->response_len = frame_get_u32(frame + 8);
    if (result->response_len > len - RESULT_HEAD || result->response_len > RESPONSE_MAX)
        return false;
    result->response = frame + RESULT_HEAD;
    result->record = (const char *)result->response + result->response_len;
    result->record_len = len - RESULT_HEAD - result->response_len;
    return true;
}

bool answer_put(struct frame_out *out, const struct answer_head *head, const void *bytes,
                size_t len)
{
    uint8_t *at = frame_out_begin(out, ANSWER_HEAD + len);

    if (!at)
        return false;
    at[0] = (uint8_t)head->kind;
    frame_put_u64(at + 1, head->number);
    frame_put_u64(at + 9, head->origin);
    if (len > 0)
        memcpy(at + ANSWER_HEAD, bytes, len);
    frame_out_end(out, ANSWER_HEAD + len);
    return true;
}

bool answer_get(const uint8_t *frame, size_t len, struct answer_head *head, const uint8_t **bytes,
                size_t *bytes_len)
{
    if (len < ANSWER_HEAD)
        return false;
    head->kind = (enum answer_kind)frame[0];
    head->number = frame_get_u64(frame + 1);
    head->origin = frame_get_u64(frame + 9);
    *bytes = frame + ANSWER_HEAD;
    *bytes_len = len - ANSWER_HEAD;
    return head->kind >= ANSWER_RECORDED && head->kind <= ANSWER_LOG_UP;
}
