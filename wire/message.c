/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes are read without copying their bodies: a callback notes where the body lies in the
 * frame. */
#include "wire/message.h"

#include <pb_decode.h>
#include <pb_encode.h>
#include <stdio.h>
#include <string.h>

#include "wire/strict.h"

_Static_assert((int)KF_OK == keyferry_Status_STATUS_OK &&
                   (int)KF_VALIDATION == keyferry_Status_STATUS_VALIDATION &&
                   (int)KF_NOT_FOUND == keyferry_Status_STATUS_RESOURCE_NOT_FOUND &&
                   (int)KF_CONFLICT == keyferry_Status_STATUS_CONFLICT &&
                   (int)KF_ACCESS_DENIED == keyferry_Status_STATUS_ACCESS_DENIED &&
                   (int)KF_THROTTLING == keyferry_Status_STATUS_THROTTLING &&
                   (int)KF_UNAVAILABLE == keyferry_Status_STATUS_SERVICE_UNAVAILABLE &&
                   (int)KF_INTERNAL == keyferry_Status_STATUS_INTERNAL_SERVER,
               "statuses have one numbering");

struct slice {
    const uint8_t *frame; /* in which it must lie */
    size_t frame_len;
    const uint8_t *data;
    size_t len;
};

/* nanopb calls this for scalars too, with a copy on its own stack: such a member is no slice of the
 * frame, and would point to nothing as soon as nanopb returns. */
static bool note_slice(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    struct slice *slice = *arg;
    /* A stream over a buffer keeps its position in state. */
    uintptr_t at = (uintptr_t)stream->state, frame = (uintptr_t)slice->frame;

    (void)field;
    if (at < frame || at - frame > slice->frame_len ||
        stream->bytes_left > slice->frame_len - (at - frame))
        return false;
    slice->data = stream->state;
    slice->len = stream->bytes_left;
    return pb_read(stream, NULL, stream->bytes_left);
}

bool wire_request_decode(const uint8_t *frame, size_t len, struct wire_request *request)
{
    keyferry_Request envelope = keyferry_Request_init_zero;
    pb_istream_t stream = pb_istream_from_buffer(frame, len);
    struct slice body = {.frame = frame, .frame_len = len};
    struct kf_error err = {0};
    bool good;

    envelope.body.funcs.decode = note_slice;
    envelope.body.arg = &body;
    good = pb_decode(&stream, keyferry_Request_fields, &envelope) &&
           strict_check(frame, len, keyferry_Request_fields, &err) && envelope.id != 0;
    request->id = envelope.id;
    request->operation = (uint32_t)envelope.operation;
    request->body = body.data;
    request->body_len = body.len;
    return good;
}

bool wire_response_decode(const uint8_t *frame, size_t len, struct wire_response *response)
{
    keyferry_Response envelope = keyferry_Response_init_zero;
    pb_istream_t stream = pb_istream_from_buffer(frame, len);
    struct slice body = {.frame = frame, .frame_len = len};
    bool good;

    envelope.body.funcs.decode = note_slice;
    envelope.body.arg = &body;
    good = pb_decode(&stream, keyferry_Response_fields, &envelope) &&
           envelope.status <= keyferry_Status_STATUS_INTERNAL_SERVER;
    response->id = envelope.id;
    response->status = good ? (enum kf_status)envelope.status : KF_INTERNAL;
    response->more = envelope.more;
    snprintf(response->message, sizeof response->message, "%s", envelope.message);
    response->body = body.data;
    response->body_len = body.len;
    return good;
}

struct typed {
    const pb_msgdesc_t *type;
    const void *message;
};

static bool write_body(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct typed *body = *arg;

    return pb_encode_tag_for_field(stream, field) &&
           pb_encode_submessage(stream, body->type, body->message);
}

size_t wire_request_encode(uint64_t id, keyferry_Operation operation, const pb_msgdesc_t *type,
                           const void *body, uint8_t *out, size_t room)
{
    keyferry_Request envelope = {.id = id, .operation = operation};
    pb_ostream_t stream = pb_ostream_from_buffer(out, room);
    struct typed typed = {type, body};

    if (body) {
        envelope.body.funcs.encode = write_body;
        envelope.body.arg = &typed;
    }
    return pb_encode(&stream, keyferry_Request_fields, &envelope) ? stream.bytes_written : 0;
}

size_t wire_response_encode(uint64_t id, enum kf_status status, const char *message,
                            const pb_msgdesc_t *type, const void *body, uint8_t *out, size_t room)
{
    keyferry_Response envelope = {.id = id, .status = (keyferry_Status)status};
    pb_ostream_t stream = pb_ostream_from_buffer(out, room);
    struct typed typed = {type, body};

    snprintf(envelope.message, sizeof envelope.message, "%s", message ? message : "");
    if (body) {
        envelope.body.funcs.encode = write_body;
        envelope.body.arg = &typed;
    }
    return pb_encode(&stream, keyferry_Response_fields, &envelope) ? stream.bytes_written : 0;
}

bool wire_body_decode(const uint8_t *body, size_t len, const pb_msgdesc_t *type, void *message,
                      struct kf_error *err)
{
    pb_istream_t stream = pb_istream_from_buffer(body, len);

    if (!strict_check(body, len, type, err))
        return false;
    if (!pb_decode(&stream, type, message))
        return kf_fail(err, KF_VALIDATION, "The request is malformed: %s.", PB_GET_ERROR(&stream));
    return true;
}
