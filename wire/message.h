/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages in frames: the two envelopes, and the strict reading of bodies. nanopb bounds every
 * member but lets NULs in strings, duplicates and unknown members pass; what asks for a key must
 * mean one thing only, so these are refused.
 */
#ifndef KF_WIRE_MESSAGE_H
#define KF_WIRE_MESSAGE_H

#include <pb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/keyferry.pb.h"

#define WIRE_FRAME_DEFAULT 65536
/* The longest envelope around a body: tags, lengths, id, operation or status and message. */
#define WIRE_ENVELOPE_MAX 640

struct wire_request {
    uint64_t id;
    uint32_t operation;  /* keyferry_Operation, or a number this program does not know */
    const uint8_t *body; /* inside the frame */
    size_t body_len;
};

struct wire_response {
    uint64_t id;
    enum kf_status status;
    bool more;
    char message[KF_MESSAGE_MAX];
    const uint8_t *body; /* inside the frame */
    size_t body_len;
};

/* Reads an envelope; false where the frame is not one, and for a request without an id: 0 is what
 * answers to no request carry. id is filled in as far as it was readable (else 0), so that a
 * refusal can name it. */
bool wire_request_decode(const uint8_t *frame, size_t len, struct wire_request *request);
bool wire_response_decode(const uint8_t *frame, size_t len, struct wire_response *response);

/* Write an envelope around body (of the given nanopb type; NULL for none) to out; returns the
 * length, 0 where room does not suffice. */
size_t wire_request_encode(uint64_t id, keyferry_Operation operation, const pb_msgdesc_t *type,
                           const void *body, uint8_t *out, size_t room);
size_t wire_response_encode(uint64_t id, enum kf_status status, const char *message,
                            const pb_msgdesc_t *type, const void *body, uint8_t *out, size_t room);

/* Reads a body strictly into a message of the given type, which it initialises: a KF_VALIDATION for
 * anything malformed, over-long, repeated, unknown, or a string that is not printable UTF-8 without
 * NULs. */
bool wire_body_decode(const uint8_t *body, size_t len, const pb_msgdesc_t *type, void *message,
                      struct kf_error *err);

#endif
