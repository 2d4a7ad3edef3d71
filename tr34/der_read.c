/* SPDX-License-Identifier: Apache-2.0 */
/* The reader, and the words of its refusals. */
#include "tr34/der_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct der_reader der_reader_make(const char *document, struct der_view bytes, struct kf_error *err)
{
    return (struct der_reader){bytes.bytes, bytes.len, bytes.bytes, document, err};
}

bool der_refuse(const struct der_reader *reader, const char *rule, ...)
{
    char text[KF_MESSAGE_MAX];
    va_list args;

    va_start(args, rule);
    vsnprintf(text, sizeof text, rule, args);
    va_end(args);
    return kf_fail(reader->err, KF_VALIDATION, "%s: %s", reader->document, text);
}

static const char *tag_name(enum der_tag tag)
{
    switch (tag) {
    case DER_INTEGER:
        return "an INTEGER";
    case DER_OCTETS:
        return "an OCTET STRING";
    case DER_OID:
        return "an OBJECT IDENTIFIER";
    case DER_UTC_TIME:
        return "a UTCTime";
    case DER_GENERALIZED_TIME:
        return "a GeneralizedTime";
    case DER_SEQUENCE:
        return "a SEQUENCE";
    case DER_SET:
        return "a SET";
    case DER_CONTEXT_0:
        return "[0] IMPLICIT of a primitive type";
    case DER_GROUP_0:
        return "[0]";
    case DER_GROUP_1:
        return "[1]";
    case DER_GROUP_2:
        return "[2]";
    }
    return "another tag";
}

static size_t position(const struct der_reader *reader)
{
    return (size_t)(reader->at - reader->start);
}

/* The sizes of the next element's tag and length, and of its content, which is all there. */
static bool measure(const struct der_reader *reader, const char *name, size_t *header,
                    size_t *length)
{
    size_t more = 0;

    *length = reader->left < 2 ? 0 : reader->at[1];
    if (*length & 0x80) {
        more = *length & 0x7F;
        if (more < 1 || more > 2)
            return der_refuse(reader,
                              "the length of %s must be DER: definite, and at most 65535; byte "
                              "%zu is %02X",
                              name, position(reader) + 1, (unsigned)*length);
        *length = 0;
        for (size_t i = 0; i < more && 2 + i < reader->left; i++)
            *length = *length << 8 | reader->at[2 + i];
    }
    *header = 2 + more;
    if (reader->left < *header || *length > reader->left - *header)
        return der_refuse(reader, "%s at byte %zu ends behind what holds it", name,
                          position(reader));
    if (more > 0 && *length < (more == 1 ? 0x80U : 0x100U))
        return der_refuse(reader, "the length of %s at byte %zu must have DER's shortest form",
                          name, position(reader) + 1);
    return true;
}

bool der_next_is(const struct der_reader *reader, enum der_tag tag)
{
    return reader->left > 0 && reader->at[0] == tag;
}

/* Takes the next element; whole is all of it, from is where its content starts in it. */
static bool take(struct der_reader *reader, enum der_tag tag, const char *name,
                 struct der_view *whole, size_t *from)
{
    size_t length;

    if (reader->left == 0)
        return der_refuse(reader, "%s must be %s; nothing is there at byte %zu", name,
                          tag_name(tag), position(reader));
    if (!der_next_is(reader, tag))
        return der_refuse(reader, "%s must be %s; byte %zu is tag %02X", name, tag_name(tag),
                          position(reader), reader->at[0]);
    if (!measure(reader, name, from, &length))
        return false;
    *whole = (struct der_view){reader->at, *from + length};
    reader->at += whole->len;
    reader->left -= whole->len;
    return true;
}

bool der_read(struct der_reader *reader, enum der_tag tag, const char *name,
              struct der_view *content)
{
    struct der_view whole;
    size_t from;

    if (!take(reader, tag, name, &whole, &from))
        return false;
    *content = (struct der_view){whole.bytes + from, whole.len - from};
    return true;
}

bool der_read_whole(struct der_reader *reader, enum der_tag tag, const char *name,
                    struct der_view *element)
{
    size_t from;

    return take(reader, tag, name, element, &from);
}

bool der_enter(struct der_reader *reader, enum der_tag tag, const char *name,
               struct der_reader *inside)
{
    struct der_view content;

    if (!der_read(reader, tag, name, &content))
        return false;
    *inside = *reader;
    inside->at = content.bytes;
    inside->left = content.len;
    return true;
}

bool der_expect(struct der_reader *reader, struct der_view element, const char *rule)
{
    if (reader->left < element.len || memcmp(reader->at, element.bytes, element.len) != 0)
        return der_refuse(reader, "%s", rule);
    reader->at += element.len;
    reader->left -= element.len;
    return true;
}

bool der_expect_small(struct der_reader *reader, uint8_t value, const char *name)
{
    struct der_view content;

    if (!der_read(reader, DER_INTEGER, name, &content))
        return false;
    if (content.len != 1 || content.bytes[0] != value)
        return der_refuse(reader, "%s must be %u", name, (unsigned)value);
    return true;
}

bool der_end(const struct der_reader *reader, const char *name)
{
    if (reader->left > 0)
        return der_refuse(reader, "%s must end at byte %zu; %zu more are there", name,
                          position(reader), reader->left);
    return true;
}
