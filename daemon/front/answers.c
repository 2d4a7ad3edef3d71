/* SPDX-License-Identifier: Apache-2.0 */
/* The channel to the auditor: refusals go out, and every answer comes back over it. */
#include <stdio.h>
#include <string.h>

#include "daemon/front/front.h"
#include "daemon/stream.h"

/* Ends a job: its answer is with the connection, or the connection is gone. */
static void finish(struct front *front, struct front_job *job)
{
    struct connection *connection = job->connection;
    uint32_t operation = job->operation;

    if (job->origin == ORIGIN_FRONT)
        front->refusals--;
    jobs_release(&front->jobs, job);
    connection_job_done(connection, operation);
}

static void on_answer(struct front *front, struct front_job *job, const uint8_t *response,
                      size_t len)
{
    if (!job->connection->dead && !frame_out_append(&job->connection->out, response, len)) {
        log_error("An answer cannot be delivered: memory is short.");
        job->connection->poisoned = true;
    }
    finish(front, job);
}

static void on_withheld(struct front *front, struct front_job *job)
{
    answer_directly(job->connection, job->id, KF_UNAVAILABLE, front->log_reason);
    finish(front, job);
}

static void take(struct front *front, const uint8_t *frame, size_t len)
{
    struct answer_head head;
    struct front_job *job;
    const uint8_t *bytes;
    size_t bytes_len;

    if (!answer_get(frame, len, &head, &bytes, &bytes_len)) {
        front->broken = true;
        return;
    }
    switch (head.kind) {
    case ANSWER_RECORDED:
    case ANSWER_WITHHELD:
        job = jobs_find(&front->jobs, head.number, head.origin);
        /* Refusals of strangers are number 0. A worker that answers what it was not asked does not
         * answer for others. */
        if (job && head.kind == ANSWER_RECORDED)
            on_answer(front, job, bytes, bytes_len);
        else if (job)
            on_withheld(front, job);
        else if (head.number != 0)
            log_warning("An answer to a job that its sender does not have is dropped.");
        break;
    case ANSWER_WORKER_GONE:
        worker_gone(front, (uint32_t)(head.origin >> 32), (uint32_t)head.origin);
        break;
    case ANSWER_LOG_DOWN:
        front->log_down = true;
        snprintf(front->log_reason, sizeof front->log_reason, "%.*s", (int)bytes_len,
                 (const char *)bytes);
        break;
    case ANSWER_LOG_UP:
        front->log_down = false;
        break;
    }
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct front *front = poll->data;
    enum frame_result next = FRAME_NONE;
    const uint8_t *frame;
    size_t len;

    if (events & UV_READABLE && stream_read(front->auditor.fd, &front->answers) == STREAM_CLOSED)
        front->broken = true;
    while (!front->broken && (next = frame_in_next(&front->answers, &frame, &len)) == FRAME_READY)
        take(front, frame, len);
    if (status < 0 || next == FRAME_TOO_LONG)
        front->broken = true;
}

bool auditor_open(struct front *front)
{
    front->answers.max_frame = ANSWER_FRAME_MAX;
    if (!watch_open(&front->auditor, &front->loop, FRONT_AUDITOR, front, on_event))
        return false;
    watch_set(&front->auditor, UV_READABLE);
    return true;
}

void auditor_flush(struct front *front)
{
    switch (stream_write(front->auditor.fd, &front->results)) {
    case STREAM_DONE:
        watch_set(&front->auditor, UV_READABLE);
        break;
    case STREAM_AGAIN:
        watch_set(&front->auditor, UV_READABLE | UV_WRITABLE);
        break;
    case STREAM_CLOSED:
        front->broken = true;
        break;
    }
}
