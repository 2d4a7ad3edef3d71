/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that the front gives itself: refusals, which are recorded like every other answer, and
 * the status. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/front/front.h"

static const char too_often[] = "Users who may do nothing here asked too often; try again later.";

void answer_directly(struct connection *connection, uint64_t id, enum kf_status status,
                     const char *message)
{
    uint8_t *at = connection->dead ? NULL : frame_out_begin(&connection->out, WIRE_ENVELOPE_MAX);

    if (at)
        frame_out_end(&connection->out,
                      wire_response_encode(id, status, message, NULL, NULL, at, WIRE_ENVELOPE_MAX));
    connection_touch(connection);
}

/* Sends a refusal's record to the auditor, with the response that may leave after it. */
static void send_refusal(struct front *front, const struct peer *peer, const struct front_job *job,
                         uint64_t not_recorded, enum kf_status status, const char *message)
{
    char text[RECORD_MAX];
    struct record record;
    uint8_t *frame = frame_out_begin(&front->results, RESULT_HEAD + WIRE_ENVELOPE_MAX + RECORD_MAX);
    size_t response_len = 0;

    if (!frame) {
        log_error("A refusal cannot be recorded: memory is short.");
        front->broken = true;
        return;
    }
    if (job)
        response_len = wire_response_encode(job->id, status, message, NULL, NULL,
                                            frame + RESULT_HEAD, WIRE_ENVELOPE_MAX);
    record_begin(&record, text, sizeof text, peer, job ? job->operation : 0, job ? job->id : 0);
    if (not_recorded > 0)
        record_number(&record, "NotRecorded", not_recorded);
    record_result(&record, status, message);
    frame_out_end(&front->results, result_seal(frame, job ? job->number : 0, response_len, text,
                                               record_end(&record)));
}

/* Whether this refusal is one of those that are only counted. */
static bool only_counts(struct front *front, const struct peer *peer, bool stranger)
{
    if (!stranger || front->log_down || allowance_take(&front->strangers_records, clock_ms()))
        return false;
    front->not_recorded++;
    front->last_not_recorded = *peer;
    return true;
}

void refusals_summarize(struct front *front)
{
    if (front->not_recorded == 0 || front->log_down ||
        !allowance_take(&front->strangers_records, clock_ms()))
        return;
    send_refusal(front, &front->last_not_recorded, NULL, front->not_recorded, KF_THROTTLING,
                 "Users who may do nothing asked too often; so many of their requests are not "
                 "recorded one by one. The last was of this user.");
    front->not_recorded = 0;
}

void refuse_job(struct front *front, struct front_job *job, enum kf_status status,
                const char *message)
{
    job->origin = ORIGIN_FRONT;
    front->refusals++;
    send_refusal(front, &job->connection->peer, job, 0, status, message);
}

bool refusals_have_room(const struct front *front)
{
    /* Without a log nothing is recorded, and all is answered at once. */
    return front->log_down || (front->refusals < REFUSALS_MAX && !jobs_full(&front->jobs));
}

void refuse(struct connection *connection, uint64_t id, uint32_t operation, enum kf_status status,
            const char *message)
{
    struct front *front = connection->front;
    struct front_job *job;

    if (only_counts(front, &connection->peer, connection->stranger)) {
        answer_directly(connection, id, KF_THROTTLING, too_often);
        return;
    }
    job = front->log_down ? NULL : jobs_take(&front->jobs);
    if (!job) {
        answer_directly(connection, id, KF_UNAVAILABLE, front->log_reason);
        return;
    }
    job->id = id;
    job->operation = operation;
    job->connection = connection;
    connection_job_begun(connection, operation);
    refuse_job(front, job, status, message);
}

size_t refuse_connection(struct front *front, const struct peer *peer, bool stranger,
                         const char *message, uint8_t *response, size_t room)
{
    if (only_counts(front, peer, stranger))
        message = too_often;
    else if (!front->log_down)
        send_refusal(front, peer, NULL, 0, KF_THROTTLING, message);
    return wire_response_encode(0, KF_THROTTLING, message, NULL, NULL, response, room);
}

const char *front_obstacle(const struct front *front)
{
    if (front->log_down)
        return front->log_reason;
    if (scheduler_any_up(&front->scheduler) || workers_awaited(front))
        return NULL;
    /* The parent may not have noticed yet. */
    return front->state == STATE_DOWN ? front->state_reason : "No token worker is up. Try again.";
}

void answer_status(struct connection *connection, uint64_t id)
{
    static const char *const names[] = {
        [STATE_DOWN] = "down", [STATE_DEGRADED] = "degraded", [STATE_READY] = "ready"};
    const struct front *front = connection->front;
    keyferry_StatusReply reply = keyferry_StatusReply_init_zero;
    size_t room = WIRE_ENVELOPE_MAX + keyferry_StatusReply_size;
    uint8_t *at = frame_out_begin(&connection->out, room);

    snprintf(reply.state, sizeof reply.state, "%s",
             names[front->log_down ? STATE_DOWN : front->state]);
    snprintf(reply.reason, sizeof reply.reason, "%s",
             front->log_down ? front->log_reason : front->state_reason);
    snprintf(reply.version, sizeof reply.version, "%s", PACKAGE_VERSION);
    reply.has_configuration_timestamp = front->configured > 0;
    reply.configuration_timestamp = front->configured;
    snprintf(reply.reload_failure, sizeof reply.reload_failure, "%s", front->reload_failure);
    reply.workers = front->options.workers;
    reply.workers_ready = front->workers_ready;
    reply.connections = front->connection_count;
    reply.jobs = (uint32_t)front->jobs.used;
    reply.uptime_seconds = (clock_ms() - front->options.started_ms) / 1000;
    if (at)
        frame_out_end(
            &connection->out,
            wire_response_encode(id, KF_OK, NULL, keyferry_StatusReply_fields, &reply, at, room));
    connection_touch(connection);
}
