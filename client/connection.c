/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket never blocks; waiting is done in poll, with a deadline per call. While a request
 * cannot be written, replies are read and kept: a daemon that waits for its client to read and a
 * client that waits for the daemon to read would else wait for each other.
 */
#include "config.h"

#include "client/connection.h"

#include <errno.h>
#include <inttypes.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/connect.h"
#include "wire/frame.h"

/* The longest frame taken or sent: as much as any daemon can be configured to take, far above any
 * message of the schema. */
#define FRAME_MAX (1024 * 1024)
/* Replies kept while sending; beyond it, reading waits for the caller. */
#define KEPT_MAX (16 * 1024 * 1024)

struct connection {
    int fd;
    unsigned timeout;
    uint64_t last_id;
    uint64_t in_flight;
    bool broken; /* nothing more can be sent */
    struct frame_in in;
    struct frame_out out;
};

static int64_t deadline_of(const struct connection *c)
{
    return c->timeout ? (int64_t)clock_ms() + c->timeout : -1;
}

struct connection *connection_open(const char *path, struct kf_error *err)
{
    struct connection *c;
    int fd = connect_socket(connect_path(path), err);

    if (fd < 0)
        return NULL;
    c = calloc(1, sizeof *c);
    if (!c) {
        close(fd);
        kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
        return NULL;
    }
    c->fd = fd;
    c->in.max_frame = FRAME_MAX;
    return c;
}

void connection_close(struct connection *c)
{
    if (!c)
        return;
    close(c->fd);
    frame_in_free(&c->in);
    frame_out_free(&c->out);
    free(c);
}

void connection_set_timeout(struct connection *c, unsigned milliseconds)
{
    c->timeout = milliseconds;
}

int connection_descriptor(const struct connection *c)
{
    return c->fd;
}

bool connection_pending(const struct connection *c)
{
    struct frame_in look = c->in;
    const uint8_t *frame;
    size_t len;

    return frame_in_next(&look, &frame, &len) != FRAME_NONE;
}

static bool wait_for(struct connection *c, short events, int64_t deadline, short *happened,
                     struct kf_error *err)
{
    for (;;) {
        struct pollfd watched = {.fd = c->fd, .events = events};
        int64_t left = deadline < 0 ? -1 : deadline - (int64_t)clock_ms();
        int result = poll(&watched, 1, deadline < 0 ? -1 : left > 0 ? (int)left : 0);

        *happened = watched.revents;
        if (result > 0)
            return true;
        if (result < 0 && errno != EINTR)
            return kf_fail(err, KF_UNAVAILABLE, "Cannot wait for the daemon: %s.", strerror(errno));
        if (result == 0) {
            /* A frame may be half sent, and a reply that comes late would be taken for another's.
             */
            c->broken = true;
            return kf_fail(err, KF_UNAVAILABLE,
                           "The daemon did not answer within %u ms. Try again, or wait longer; "
                           "'keyferry status' says "
                           "what it is busy with.",
                           c->timeout);
        }
    }
}

enum collected { COLLECTED, NOTHING_YET, CLOSED };

static enum collected collect(struct connection *c)
{
    for (;;) {
        size_t room;
        uint8_t *at = frame_in_space(&c->in, &room);
        ssize_t got = at ? recv(c->fd, at, room, 0) : 0;

        if (got > 0) {
            frame_in_filled(&c->in, (size_t)got);
            return COLLECTED;
        }
        if (got < 0 && errno == EINTR)
            continue;
        return got < 0 && errno == EAGAIN ? NOTHING_YET : CLOSED;
    }
}

/* A reply to no request in particular says why the daemon gives up the connection. */
static bool refused_whole(const struct wire_response *response, struct kf_error *err)
{
    kf_fail(err, response->status == KF_OK ? KF_INTERNAL : response->status, "%s",
            response->message);
    return false;
}

static bool closed(struct connection *c, struct kf_error *err)
{
    c->broken = true;
    return kf_fail(err, KF_UNAVAILABLE,
                   "The daemon closed the connection before it answered. Send the request again; "
                   "if that does not "
                   "help, see its log: 'journalctl -u keyferry'.");
}

/* The daemon takes no more: what it has said already may tell why. Whole replies stay for
 * connection_receive. */
static bool closed_while_sending(struct connection *c, struct kf_error *err)
{
    struct frame_in look;
    const uint8_t *frame;
    size_t len;

    while (frame_in_pending(&c->in) < KEPT_MAX && collect(c) == COLLECTED)
        continue;
    look = c->in;
    while (frame_in_next(&look, &frame, &len) == FRAME_READY) {
        struct wire_response response;

        if (wire_response_decode(frame, len, &response) && response.id == 0) {
            c->broken = true;
            return refused_whole(&response, err);
        }
    }
    return closed(c, err);
}

static bool flush(struct connection *c, struct kf_error *err)
{
    int64_t deadline = deadline_of(c);

    for (;;) {
        size_t len;
        const uint8_t *data = frame_out_data(&c->out, &len);
        ssize_t sent = len ? send(c->fd, data, len, MSG_NOSIGNAL) : 0;
        bool room = frame_in_pending(&c->in) < KEPT_MAX;
        short happened;

        if (len == 0)
            return true;
        if (sent > 0) {
            frame_out_written(&c->out, (size_t)sent);
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return closed_while_sending(c, err);
        if (!wait_for(c, room ? POLLIN | POLLOUT : POLLOUT, deadline, &happened, err))
            return false;
        if ((happened & POLLIN) && collect(c) == CLOSED)
            return closed_while_sending(c, err);
    }
}

struct bytes {
    const void *data;
    size_t len;
};

static bool write_bytes(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct bytes *bytes = *arg;

    return pb_encode_tag_for_field(stream, field) &&
           pb_encode_string(stream, bytes->data, bytes->len);
}

static bool append_request(struct connection *c, uint64_t id, keyferry_Operation operation,
                           const void *body, size_t len)
{
    keyferry_Request envelope = {.id = id, .operation = operation};
    struct bytes bytes = {body, len};
    size_t room = len + WIRE_ENVELOPE_MAX;
    uint8_t *at = frame_out_begin(&c->out, room);
    pb_ostream_t stream;

    if (!at)
        return false;
    stream = pb_ostream_from_buffer(at, room);
    if (len > 0) {
        envelope.body.funcs.encode = write_bytes;
        envelope.body.arg = &bytes;
    }
    if (!pb_encode(&stream, keyferry_Request_fields, &envelope))
        return false;
    frame_out_end(&c->out, stream.bytes_written);
    return true;
}

bool connection_send(struct connection *c, keyferry_Operation operation, const void *body,
                     size_t len, uint64_t *id, struct kf_error *err)
{
    if (c->broken)
        return closed(c, err);
    if (len > FRAME_MAX)
        return kf_fail(err, KF_VALIDATION,
                       "The request is longer than %d bytes, the most a daemon takes.", FRAME_MAX);
    if (!append_request(c, c->last_id + 1, operation, body, len))
        return kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
    c->last_id++;
    c->in_flight++;
    if (id)
        *id = c->last_id;
    return flush(c, err);
}

/* Takes one whole frame as a reply. */
static bool take(struct connection *c, const uint8_t *frame, size_t len,
                 struct wire_response *response, struct kf_error *err)
{
    if (!wire_response_decode(frame, len, response)) {
        c->broken = true;
        return kf_fail(err, KF_INTERNAL,
                       "The daemon's reply is malformed: are client and daemon of one version?");
    }
    if (response->id == 0) {
        c->broken = true;
        return refused_whole(response, err);
    }
    if (!response->more)
        c->in_flight--;
    return true;
}

bool connection_receive(struct connection *c, struct wire_response *response, struct kf_error *err)
{
    int64_t deadline = deadline_of(c);

    if (c->in_flight == 0)
        return kf_fail(err, KF_VALIDATION, "No request awaits a reply: send one first.");
    for (;;) {
        const uint8_t *frame;
        size_t len;
        short happened;

        switch (frame_in_next(&c->in, &frame, &len)) {
        case FRAME_READY:
            return take(c, frame, len, response, err);
        case FRAME_TOO_LONG:
            c->broken = true;
            return kf_fail(err, KF_INTERNAL, "The daemon's reply is longer than %d bytes.",
                           FRAME_MAX);
        case FRAME_NONE:
            break;
        }
        switch (collect(c)) {
        case COLLECTED:
            break;
        case CLOSED:
            return closed(c, err);
        case NOTHING_YET:
            if (!wait_for(c, POLLIN, deadline, &happened, err))
                return false;
        }
    }
}

static bool receive_body(struct connection *c, uint64_t id, const pb_msgdesc_t *type, void *reply,
                         struct kf_error *err)
{
    struct wire_response response;
    pb_istream_t stream;

    if (!connection_receive(c, &response, err))
        return false;
    if (response.id != id) {
        c->broken = true;
        return kf_fail(err, KF_INTERNAL,
                       "The daemon answered request %" PRIu64 ", which was not sent.", response.id);
    }
    if (response.status != KF_OK)
        return kf_fail(err, response.status, "%s", response.message);
    /* Not read strictly: a newer daemon may say more than this program knows. */
    stream = pb_istream_from_buffer(response.body, response.body_len);
    if (!pb_decode(&stream, type, reply))
        return kf_fail(
            err, KF_INTERNAL,
            "The daemon's reply cannot be read (%s): are client and daemon of one version?",
            PB_GET_ERROR(&stream));
    return true;
}

bool connection_call(struct connection *c, keyferry_Operation operation,
                     const pb_msgdesc_t *request_type, const void *request,
                     const pb_msgdesc_t *reply_type, void *reply, struct kf_error *err)
{
    uint8_t *body;
    pb_ostream_t stream;
    uint64_t id;
    bool good = false;

    if (c->in_flight > 0)
        return kf_fail(err, KF_VALIDATION,
                       "Replies are still due on this connection: receive them first.");
    body = malloc(WIRE_FRAME_DEFAULT);
    if (!body)
        return kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
    stream = pb_ostream_from_buffer(body, WIRE_FRAME_DEFAULT);
    if (!pb_encode(&stream, request_type, request))
        kf_fail(err, KF_VALIDATION, "The request is longer than %d bytes.", WIRE_FRAME_DEFAULT);
    else if (connection_send(c, operation, body, stream.bytes_written, &id, err))
        good = receive_body(c, id, reply_type, reply, err);
    free(body);
    return good;
}
