/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client. Its requests wait in the buffer they were read into, so its queue is bounded by that
 * buffer, and reading stops while they wait: that is the back-pressure.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/front/front.h"
#include "daemon/front/policy.h"
#include "daemon/stream.h"

/* Bytes of answers that the client has not taken yet. */
static size_t unread(const struct connection *connection)
{
    size_t len;

    frame_out_data(&connection->out, &len);
    return len;
}

/* Corrects what front and user have of its output, by what it is now. */
static void count_output(struct connection *connection)
{
    size_t now = connection->dead ? 0 : unread(connection) + connection->promised;

    if (connection->user)
        connection->user->output += now - connection->output;
    connection->front->output += now - connection->output;
    connection->output = now;
}

static void count_stranger(struct connection *connection, bool stranger)
{
    connection->front->strangers += stranger - connection->stranger;
    connection->stranger = stranger;
}

/* Frees it when neither its jobs nor the loop know it any more. */
static void free_if_unknown(struct connection *connection)
{
    if (connection->dead && connection->jobs == 0 && !connection->unsettled &&
        !connection->watch.poll.data)
        free(connection);
}

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;

    handle->data = NULL;
    free_if_unknown(connection);
}

static void drop(struct connection *connection)
{
    struct front *front = connection->front;

    if (connection->dead)
        return;
    connection->dead = true;
    count_output(connection);
    count_stranger(connection, false);
    scheduler_leave(&connection->user->share, &connection->turn);
    connection->user->connections--;
    user_release(front, connection->user);
    connection->user = NULL;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        front->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    front->connection_count--;
    frame_in_free(&connection->in);
    frame_out_free(&connection->out);
    watch_close(&connection->watch, on_closed);
}

static bool is_stranger(const struct connection *connection)
{
    return !policy_allows(connection->peer.uid, connection->member,
                          connection->front->options.owner, CLASS_VIEW);
}

/* Both directions are closed: nobody is left to answer. */
static bool hung_up(const struct connection *connection)
{
    struct pollfd fd = {connection->watch.fd, 0, 0};

    return poll(&fd, 1, 0) == 1 && fd.revents & (POLLHUP | POLLERR);
}

static void on_event(uv_poll_t *handle, int status, int events)
{
    struct connection *connection = handle->data;

    if (connection->dead)
        return;
    if (status < 0) {
        drop(connection);
        return;
    }
    if (events & UV_READABLE && stream_read(connection->watch.fd, &connection->in) == STREAM_CLOSED)
        connection->ended = true;
    if (events & UV_DISCONNECT)
        connection->shut = true;
    if ((connection->ended || connection->shut) && hung_up(connection)) {
        drop(connection);
        return;
    }
    connection_touch(connection);
}

struct connection *connection_open(struct front *front, int fd, const struct peer *peer,
                                   bool member, struct user *user)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (!connection || !watch_open(&connection->watch, &front->loop, fd, connection, on_event)) {
        free(connection);
        return NULL;
    }
    connection->front = front;
    connection->peer = *peer;
    connection->member = member;
    connection->user = user;
    user->connections++;
    connection->in.max_frame = front->options.max_frame;
    connection->next = front->connections;
    if (front->connections)
        front->connections->previous = connection;
    front->connections = connection;
    front->connection_count++;
    count_stranger(connection, is_stranger(connection));
    connection_touch(connection);
    return connection;
}

void connection_touch(struct connection *connection)
{
    count_output(connection);
    if (connection->unsettled)
        return;
    connection->unsettled = true;
    connection->next_unsettled = connection->front->unsettled;
    connection->front->unsettled = connection;
}

void connections_touch(struct front *front)
{
    for (struct connection *each = front->connections; each; each = each->next)
        connection_touch(each);
}

void connection_review(struct connection *connection)
{
    struct front *front = connection->front;
    struct peer peer; /* of a connection it never changes */

    if (!peer_read(connection->watch.fd, front->options.has_group, front->options.group, &peer,
                   &connection->member))
        connection->member = false;
    count_stranger(connection, is_stranger(connection));
    connection->in.max_frame = front->options.max_frame;
    connection_take_back(connection);
    connection_touch(connection);
}

void connection_take_back(struct connection *connection)
{
    scheduler_leave(&connection->user->share, &connection->turn);
    if (connection->head_len > 0)
        frame_in_put_back(&connection->in, connection->head_len);
    connection->head_len = 0;
}

void connection_job_begun(struct connection *connection, uint32_t operation)
{
    connection->jobs++;
    connection->promised += operation_response_max(operation);
    count_output(connection);
}

void connection_job_done(struct connection *connection, uint32_t operation)
{
    connection->jobs--;
    connection->promised -= operation_response_max(operation);
    count_output(connection);
    connection_touch(connection);
}

/* Nothing is begun for a client as long as it does not read what it has: there is as much in its
 * socket as that takes. One that has nothing at all may always have one request under way; beyond
 * that all share what there is, and a quarter is kept from each user for the others. */
static bool has_output(const struct connection *connection)
{
    const struct conf_limits *limits = &connection->front->options.limits;

    return connection->output == 0 ||
           (unread(connection) == 0 && connection->output < limits->output_per_connection &&
            connection->user->output < limits->output - limits->output / 4 &&
            connection->front->output < limits->output);
}

/* Whether one more request may be taken from it. What is under way counts as long as it can get, so
 * that a client that stops reading costs no more than the limit. */
static bool may_take(const struct connection *connection)
{
    return !connection->poisoned &&
           connection->jobs < connection->front->options.limits.jobs_per_connection &&
           has_output(connection);
}

/* What becomes of a request: KF_OK, or why it is refused. */
struct verdict {
    enum kf_status status;
    bool poisons; /* nothing after it can be understood */
    char message[KF_MESSAGE_MAX];
};

static void deny(struct verdict *verdict, enum kf_status status, const char *message)
{
    verdict->status = status;
    snprintf(verdict->message, sizeof verdict->message, "%s", message);
}

/* The one body that the front reads; it has no members, so it must be empty. */
static void judge_status(const struct wire_request *request, struct verdict *verdict)
{
    keyferry_StatusRequest body;
    struct kf_error err = {0};

    if (!wire_body_decode(request->body, request->body_len, keyferry_StatusRequest_fields, &body,
                          &err))
        deny(verdict, KF_VALIDATION, err.message);
}

static void judge(const struct connection *connection, const struct wire_request *request,
                  struct verdict *verdict)
{
    const struct front *front = connection->front;
    const struct operation *operation = operation_find(request->operation);
    const char *obstacle = front_obstacle(front);
    uid_t uid = connection->peer.uid;

    if (!operation) {
        verdict->status = KF_VALIDATION;
        snprintf(verdict->message, sizeof verdict->message, "There is no operation number %u.",
                 request->operation);
    } else if (!policy_allows(uid, connection->member, front->options.owner, operation->class)) {
        verdict->status = KF_ACCESS_DENIED;
        policy_explain(uid, connection->member, operation, verdict->message,
                       sizeof verdict->message);
    } else if (request->operation == keyferry_Operation_OPERATION_STATUS) {
        judge_status(request, verdict);
    } else if (obstacle) {
        deny(verdict, KF_UNAVAILABLE, obstacle);
    }
}

/* The same for what may be no request. */
static void judge_frame(const struct connection *connection, enum frame_result got,
                        const uint8_t *frame, size_t len, struct wire_request *request,
                        struct verdict *verdict)
{
    *verdict = (struct verdict){.status = KF_OK};
    *request = (struct wire_request){0};
    if (got == FRAME_TOO_LONG) {
        verdict->status = KF_VALIDATION;
        verdict->poisons = true;
        snprintf(verdict->message, sizeof verdict->message,
                 "The request is longer than %u bytes; the connection is closed.",
                 connection->front->options.max_frame);
    } else if (!wire_request_decode(frame, len, request)) {
        verdict->poisons = true;
        request->operation = 0;
        deny(verdict, KF_VALIDATION, "The request is malformed; the connection is closed.");
    } else {
        judge(connection, request, verdict);
    }
}

/* A request that is not refused. */
static void accept_request(struct connection *connection, const struct wire_request *request,
                           size_t len)
{
    if (request->operation == keyferry_Operation_OPERATION_STATUS) {
        answer_status(connection, request->id);
        return;
    }
    connection->head = *request;
    connection->head_len = len;
    scheduler_wait(&connection->front->scheduler, &connection->user->share, &connection->turn);
}

/* Whoever is refused waits for those that have waited longer. */
static bool has_turn(const struct connection *connection)
{
    return refusals_have_room(connection->front) &&
           (connection->may_refuse || !connection->front->refused.first);
}

void connection_advance(struct connection *connection)
{
    struct front *front = connection->front;
    struct wire_request request;
    struct verdict verdict;
    enum frame_result got;
    const uint8_t *frame = NULL;
    size_t len = 0;

    connection->dry = false;
    while (!connection->turn.circle && may_take(connection)) {
        got = frame_in_next(&connection->in, &frame, &len);
        if (got == FRAME_NONE) {
            connection->dry = true;
            return;
        }
        connection->began_ms = 0;
        judge_frame(connection, got, frame, len, &request, &verdict);
        if (verdict.status == KF_OK) {
            accept_request(connection, &request, len);
        } else if (!has_turn(connection)) {
            if (got == FRAME_READY)
                frame_in_put_back(&connection->in, len);
            circle_join(&front->refused, &connection->turn);
        } else {
            connection->may_refuse = false;
            connection->poisoned = verdict.poisons;
            refuse(connection, request.id, request.operation, verdict.status, verdict.message);
        }
    }
    connection->dry = connection->poisoned;
}

void connections_refuse(struct front *front)
{
    while (front->refused.first && refusals_have_room(front)) {
        struct connection *connection =
            (struct connection *)circle_take(&front->refused); /* turn is its first member */

        connection->may_refuse = true;
        connection_advance(connection);
        connection->may_refuse = false;
        connection_touch(connection);
    }
}

static bool is_done(const struct connection *connection)
{
    return (connection->ended || connection->poisoned || connection->front->draining) &&
           connection->dry && connection->jobs == 0 && unread(connection) == 0;
}

static void settle_watch(struct connection *connection)
{
    int events = 0;

    if (unread(connection) > 0)
        events |= UV_WRITABLE;
    if (!connection->ended && !connection->front->draining && connection->dry &&
        !connection->poisoned)
        events |= UV_READABLE;
    else if (!connection->ended && !connection->shut)
        events |= UV_DISCONNECT;
    watch_set(&connection->watch, events);
}

/* Since when it keeps what others could use. */
static void note_stall(struct connection *connection)
{
    uint64_t now = uv_now(&connection->front->loop);

    if (!connection->dry || connection->poisoned || frame_in_pending(&connection->in) == 0)
        connection->began_ms = 0;
    else if (connection->began_ms == 0)
        connection->began_ms = now;
    if (unread(connection) == 0)
        connection->read_ms = 0;
    else if (connection->read_ms == 0)
        connection->read_ms = now;
}

/* Writes what it can take, and notes whether that was anything. */
static enum stream_result write_out(struct connection *connection)
{
    size_t before = unread(connection);
    enum stream_result written = stream_write(connection->watch.fd, &connection->out);

    if (unread(connection) < before)
        connection->read_ms = 0;
    count_output(connection);
    return written;
}

void connections_end_stalled(struct front *front)
{
    uint64_t limit = front->options.limits.stall_timeout_ms, now = uv_now(&front->loop);
    struct connection *next;
    char text[128];

    snprintf(text, sizeof text,
             "The request was not completed within %u ms (limits.stall-timeout); the connection is "
             "closed.",
             front->options.limits.stall_timeout_ms);
    for (struct connection *each = front->connections; each; each = next) {
        next = each->next;
        if (each->read_ms > 0 && now - each->read_ms >= limit) {
            log_info("A client of user %u read none of its answers for too long "
                     "(limits.stall-timeout); it is disconnected.",
                     (unsigned)each->peer.uid);
            drop(each);
        } else if (each->began_ms > 0 && now - each->began_ms >= limit &&
                   refusals_have_room(front)) {
            each->poisoned = true;
            refuse(each, 0, 0, KF_THROTTLING, text);
            connection_touch(each);
        }
    }
}

void connection_settle(struct connection *connection)
{
    enum stream_result written;

    connection->unsettled = false;
    if (connection->dead) {
        free_if_unknown(connection);
        return;
    }
    do {
        written = write_out(connection);
        if (written != STREAM_CLOSED)
            connection_advance(connection);
    } while (written == STREAM_DONE && unread(connection) > 0);
    if (written == STREAM_CLOSED || is_done(connection)) {
        drop(connection);
        return;
    }
    note_stall(connection);
    if (connection->dry)
        frame_in_trim(&connection->in);
    settle_watch(connection);
}
