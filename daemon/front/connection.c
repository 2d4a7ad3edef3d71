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
    scheduler_leave(&front->scheduler, &connection->turn);
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
                                   bool member)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (!connection || !watch_open(&connection->watch, &front->loop, fd, connection, on_event)) {
        free(connection);
        return NULL;
    }
    connection->front = front;
    connection->peer = *peer;
    connection->member = member;
    connection->in.max_frame = front->options.max_frame;
    connection->next = front->connections;
    if (front->connections)
        front->connections->previous = connection;
    front->connections = connection;
    front->connection_count++;
    connection_touch(connection);
    return connection;
}

void connection_touch(struct connection *connection)
{
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
    connection->in.max_frame = front->options.max_frame;
    if (connection->turn.waiting) {
        scheduler_leave(&front->scheduler, &connection->turn);
        frame_in_put_back(&connection->in, connection->head_len);
    }
    connection_touch(connection);
}

void connection_job_begun(struct connection *connection, uint32_t operation)
{
    connection->jobs++;
    connection->promised += operation_response_max(operation);
}

void connection_job_done(struct connection *connection, uint32_t operation)
{
    connection->jobs--;
    connection->promised -= operation_response_max(operation);
    connection_touch(connection);
}

/* Bytes of answers that the client has not taken yet. */
static size_t unread(const struct connection *connection)
{
    size_t len;

    frame_out_data(&connection->out, &len);
    return len;
}

/* Whether one more request may be taken from it. What is under way counts as long as it can get, so
 * that a client that stops reading costs no more than the limit. */
static bool may_take(const struct connection *connection)
{
    const struct conf_limits *limits = &connection->front->options.limits;

    return !connection->poisoned && connection->jobs < limits->jobs_per_connection &&
           unread(connection) + connection->promised < limits->output_per_connection;
}

/* Refuses what cannot be understood, and with it everything after it. */
static void poison(struct connection *connection, uint64_t id, const char *message)
{
    connection->poisoned = true;
    refuse(connection, id, 0, KF_VALIDATION, message);
}

/* The one body that the front reads; it has no members, so it must be empty. */
static void look_at_status(struct connection *connection, const struct wire_request *request)
{
    keyferry_StatusRequest body;
    struct kf_error err = {0};

    if (wire_body_decode(request->body, request->body_len, keyferry_StatusRequest_fields, &body,
                         &err))
        answer_status(connection, request->id);
    else
        refuse(connection, request->id, request->operation, KF_VALIDATION, err.message);
}

/* Decides about one request, of a frame of len bytes: refuses it, answers it, or lets it wait for a
 * worker. */
static void look_at(struct connection *connection, const struct wire_request *request, size_t len)
{
    struct front *front = connection->front;
    const struct operation *operation = operation_find(request->operation);
    const char *obstacle = front_obstacle(front);
    char text[KF_MESSAGE_MAX];

    if (!operation) {
        snprintf(text, sizeof text, "There is no operation number %u.", request->operation);
        refuse(connection, request->id, request->operation, KF_VALIDATION, text);
    } else if (!policy_allows(connection->peer.uid, connection->member, front->options.owner,
                              operation->class)) {
        policy_explain(connection->peer.uid, connection->member, operation, text, sizeof text);
        refuse(connection, request->id, request->operation, KF_ACCESS_DENIED, text);
    } else if (request->operation == keyferry_Operation_OPERATION_STATUS) {
        look_at_status(connection, request);
    } else if (obstacle) {
        refuse(connection, request->id, request->operation, KF_UNAVAILABLE, obstacle);
    } else {
        connection->head = *request;
        connection->head_len = len;
        scheduler_wait(&front->scheduler, &connection->turn);
    }
}

void connection_advance(struct connection *connection)
{
    struct front *front = connection->front;
    struct wire_request request;
    const uint8_t *frame;
    size_t len;
    char text[96];

    connection->dry = false;
    while (!connection->turn.waiting && may_take(connection)) {
        if (jobs_full(&front->jobs)) {
            front->starved = true;
            return;
        }
        switch (frame_in_next(&connection->in, &frame, &len)) {
        case FRAME_NONE:
            connection->dry = true;
            return;
        case FRAME_TOO_LONG:
            snprintf(text, sizeof text,
                     "The request is longer than %u bytes; the connection is closed.",
                     front->options.max_frame);
            poison(connection, 0, text);
            break;
        case FRAME_READY:
            if (!wire_request_decode(frame, len, &request))
                poison(connection, request.id,
                       "The request is malformed; the connection is closed.");
            else
                look_at(connection, &request, len);
            break;
        }
    }
    connection->dry = connection->poisoned;
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

void connection_settle(struct connection *connection)
{
    enum stream_result written;

    connection->unsettled = false;
    if (connection->dead) {
        free_if_unknown(connection);
        return;
    }
    do {
        written = stream_write(connection->watch.fd, &connection->out);
        if (written != STREAM_CLOSED)
            connection_advance(connection);
    } while (written == STREAM_DONE && unread(connection) > 0);
    if (written == STREAM_CLOSED || is_done(connection))
        drop(connection);
    else
        settle_watch(connection);
}
