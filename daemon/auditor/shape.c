/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of RFC 8259's grammar as far as records use it: no arrays, no fractions, no white space,
 * and names without escapes, so that a name reads one way only. */
#include "daemon/auditor/shape.h"

#include <string.h>

#include "base/utf8.h"

/* The peer is an object in the record; nothing is deeper. */
#define DEPTH_MAX 2

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *cursor, const char *text)
{
    size_t len = strlen(text);

    if ((size_t)(cursor->end - cursor->at) < len || memcmp(cursor->at, text, len) != 0)
        return false;
    cursor->at += len;
    return true;
}

/* As many characters of the set as there are. */
static size_t take_all_of(struct cursor *cursor, const char *set)
{
    const char *start = cursor->at;

    while (cursor->at < cursor->end && *cursor->at && strchr(set, *cursor->at))
        cursor->at++;
    return (size_t)(cursor->at - start);
}

static bool take_escape(struct cursor *cursor)
{
    const char *digits = cursor->at;

    if (cursor->end - cursor->at < 5 || *cursor->at != 'u')
        return cursor->at < cursor->end && memchr("\"\\nrt", *cursor->at++, 5);
    for (int i = 1; i <= 4; i++)
        if (!memchr("0123456789abcdef", digits[i], 16))
            return false;
    cursor->at += 5;
    return true;
}

static bool take_string(struct cursor *cursor)
{
    if (!take(cursor, "\""))
        return false;
    while (!take(cursor, "\"")) {
        size_t left = (size_t)(cursor->end - cursor->at), size;

        if (take(cursor, "\\")) {
            if (!take_escape(cursor))
                return false;
            continue;
        }
        size = left > 0 ? utf8_sequence((const uint8_t *)cursor->at, left) : 0;
        if (size == 0 || (unsigned char)*cursor->at < 0x20 || *cursor->at == 0x7F)
            return false;
        cursor->at += size;
    }
    return true;
}

static bool take_name(struct cursor *cursor, bool outer)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    static const char *const reserved[] = {"seq", "by"};
    const char *name = cursor->at + 1;
    size_t len;

    if (!take(cursor, "\""))
        return false;
    len = take_all_of(cursor, letters);
    for (size_t i = 0; outer && i < sizeof reserved / sizeof *reserved; i++)
        if (len == strlen(reserved[i]) && memcmp(name, reserved[i], len) == 0)
            return false;
    return len > 0 && take(cursor, "\":");
}

static bool take_object(struct cursor *cursor, unsigned depth);

static bool take_value(struct cursor *cursor, unsigned depth)
{
    if (cursor->at == cursor->end)
        return false;
    switch (*cursor->at) {
    case '"':
        return take_string(cursor);
    case '{':
        return take_object(cursor, depth + 1);
    case 't':
        return take(cursor, "true");
    case 'f':
        return take(cursor, "false");
    case '0':
        return take(cursor, "0");
    default:
        return take_all_of(cursor, "0123456789") > 0;
    }
}

static bool take_object(struct cursor *cursor, unsigned depth)
{
    if (depth > DEPTH_MAX || !take(cursor, "{"))
        return false;
    do {
        if (!take_name(cursor, depth == 1) || !take_value(cursor, depth))
            return false;
    } while (take(cursor, ","));
    return take(cursor, "}");
}

bool shape_is_record(const char *record, size_t len)
{
    struct cursor cursor = {record, record + len};

    return take_object(&cursor, 1) && cursor.at == cursor.end;
}
