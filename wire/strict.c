/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over an encoded message, along its descriptor. */
#include "wire/strict.h"

#include <pb_common.h>
#include <pb_decode.h>
#include <stdio.h>

#include "base/utf8.h"
#include "wire/names.h"

/* Deeper than any message of the schema. */
#define DEPTH_MAX 8
/* Members are numbered below this, so that one word remembers which were seen. */
#define MEMBERS_MAX 64

static bool printable_utf8(const uint8_t *text, size_t len)
{
    while (len > 0) {
        size_t size = utf8_sequence(text, len);

        if (size == 0 || text[0] < 0x20 || text[0] == 0x7F)
            return false;
        text += size;
        len -= size;
    }
    return true;
}

static bool check_message(pb_istream_t *stream, const pb_msgdesc_t *type, unsigned depth,
                          struct kf_error *err);

static bool fail_member(const pb_field_iter_t *field, struct kf_error *err, const char *rule)
{
    char name[WIRE_NAME_MAX];

    wire_member_name(field->descriptor, field->tag, name);
    return kf_fail(err, KF_VALIDATION, "%s: %s.", name, rule);
}

static bool fail_size(const pb_field_iter_t *field, struct kf_error *err, size_t most,
                      const char *what)
{
    char rule[64];

    snprintf(rule, sizeof rule, "has more than %zu %s", most, what);
    return fail_member(field, err, rule);
}

static bool check_string(const uint8_t *text, size_t len, const pb_field_iter_t *field,
                         struct kf_error *err)
{
    /* data_size counts nanopb's terminating NUL. */
    if (PB_ATYPE(field->type) == PB_ATYPE_STATIC && len >= field->data_size)
        return fail_size(field, err, field->data_size - 1u, "bytes");
    if (!printable_utf8(text, len))
        return fail_member(field, err, "has a control character or is not UTF-8");
    return true;
}

/* How a member of this type is encoded, lists of numbers aside, which the schema has none of. */
static pb_wire_type_t wire_type(const pb_field_iter_t *field)
{
    switch (PB_LTYPE(field->type)) {
    case PB_LTYPE_BOOL:
    case PB_LTYPE_VARINT:
    case PB_LTYPE_UVARINT:
    case PB_LTYPE_SVARINT:
        return PB_WT_VARINT;
    case PB_LTYPE_FIXED32:
        return PB_WT_32BIT;
    case PB_LTYPE_FIXED64:
        return PB_WT_64BIT;
    default:
        return PB_WT_STRING;
    }
}

static bool check_field(pb_istream_t *stream, pb_wire_type_t wire, const pb_field_iter_t *field,
                        unsigned depth, struct kf_error *err)
{
    pb_istream_t inner;
    bool good = true;

    if (wire != wire_type(field))
        return fail_member(field, err, "is of the wrong type");
    if (wire != PB_WT_STRING)
        return pb_skip_field(stream, wire) || fail_member(field, err, "is malformed");
    if (!pb_make_string_substream(stream, &inner))
        return fail_member(field, err, "is cut short");
    /* A stream over a buffer keeps its position in state. */
    if (PB_LTYPE(field->type) == PB_LTYPE_STRING)
        good = check_string(inner.state, inner.bytes_left, field, err);
    else if (PB_LTYPE_IS_SUBMSG(field->type))
        good = check_message(&inner, field->submsg_desc, depth + 1, err);
    return pb_close_string_substream(stream, &inner) && good;
}

static bool check_message(pb_istream_t *stream, const pb_msgdesc_t *type, unsigned depth,
                          struct kf_error *err)
{
    bool chosen = false; /* no message has two groups of which one may be given */
    uint64_t seen = 0;
    size_t counts[MEMBERS_MAX] = {0};

    if (depth > DEPTH_MAX)
        return kf_fail(err, KF_VALIDATION, "The request is nested too deeply.");
    for (;;) {
        pb_field_iter_t field;
        pb_wire_type_t wire;
        uint32_t tag;
        bool eof;

        if (!pb_decode_tag(stream, &wire, &tag, &eof))
            return eof || kf_fail(err, KF_VALIDATION, "The request is malformed.");
        if (tag >= MEMBERS_MAX || !pb_field_iter_begin(&field, type, NULL) ||
            !pb_field_iter_find(&field, tag))
            return kf_fail(err, KF_VALIDATION,
                           "The request has a member number %u that this daemon does not know.",
                           (unsigned)tag);
        if (PB_HTYPE(field.type) != PB_HTYPE_REPEATED && (seen & (uint64_t)1 << tag))
            return fail_member(&field, err, "is given twice");
        if (PB_HTYPE(field.type) == PB_HTYPE_ONEOF && chosen)
            return fail_member(&field, err, "is given beside another; exactly one is allowed");
        chosen = chosen || PB_HTYPE(field.type) == PB_HTYPE_ONEOF;
        seen |= (uint64_t)1 << tag;
        if (++counts[tag] > field.array_size && PB_HTYPE(field.type) == PB_HTYPE_REPEATED)
            return fail_size(&field, err, field.array_size, "elements");
        if (!check_field(stream, wire, &field, depth, err))
            return kf_fail(err, KF_VALIDATION, "The request is malformed.");
    }
}

bool strict_check(const uint8_t *message, size_t len, const pb_msgdesc_t *type,
                  struct kf_error *err)
{
    pb_istream_t stream = pb_istream_from_buffer(message, len);

    return check_message(&stream, type, 0, err);
}
