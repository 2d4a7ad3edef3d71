/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON writer for flat records: each member is written whole or not at all. */
#include "daemon/record.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "daemon/operation.h"
#include "base/utf8.h"

static const char ending[] = ",\"truncated\":true}";
/* The longest result's name and its member's. */
#define RESULT_MAX 48

static void put(struct record *record, const char *text, size_t len)
{
    if (record->overflow || len > record->room - record->kept - record->len) {
        record->overflow = true;
        return;
    }
    memcpy(record->text + record->len, text, len);
    record->len += len;
}

static void put_string(struct record *record, const char *text)
{
    put(record, text, strlen(text));
}

static void put_number(struct record *record, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put(record, digits + at, sizeof digits - at);
}

/* JSON's two-character escapes, where there is one. */
static char short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    }
    return '\0';
}

static void put_escaped(struct record *record, const char *text)
{
    size_t left = strlen(text);

    put(record, "\"", 1);
    while (left > 0) {
        size_t size = utf8_sequence((const uint8_t *)text, left);
        char escape[8];

        if (size == 0) {
            put_string(record, "\\ufffd");
            size = 1;
        } else if (short_escape(*text)) {
            escape[0] = '\\';
            escape[1] = short_escape(*text);
            put(record, escape, 2);
        } else if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(unsigned char)*text);
            put(record, escape, 6);
        } else {
            put(record, text, size);
        }
        text += size;
        left -= size;
    }
    put(record, "\"", 1);
}

/* Begins a member; member_end takes it back where it did not fit. */
static size_t member(struct record *record, const char *name)
{
    size_t start = record->len;

    record->overflow = false;
    put(record, ",\"", 2);
    put_string(record, name);
    put(record, "\":", 2);
    return start;
}

static void member_end(struct record *record, size_t start)
{
    if (!record->overflow)
        return;
    record->len = start;
    record->truncated = true;
}

static void put_digits(struct record *record, unsigned value, unsigned count)
{
    char digits[8];

    for (unsigned i = count; i > 0; i--, value /= 10)
        digits[i - 1] = (char)('0' + value % 10);
    put(record, digits, count);
}

/* ISO 8601, UTC, milliseconds. By hand: it is done for every job, and strftime asks for the locale.
 */
static void put_time(struct record *record)
{
    struct timespec now;
    struct tm date;

    clock_gettime(CLOCK_REALTIME, &now);
    if (!gmtime_r(&now.tv_sec, &date))
        memset(&date, 0, sizeof date);
    put_digits(record, (unsigned)date.tm_year + 1900, 4);
    put(record, "-", 1);
    put_digits(record, (unsigned)date.tm_mon + 1, 2);
    put(record, "-", 1);
    put_digits(record, (unsigned)date.tm_mday, 2);
    put(record, "T", 1);
    put_digits(record, (unsigned)date.tm_hour, 2);
    put(record, ":", 1);
    put_digits(record, (unsigned)date.tm_min, 2);
    put(record, ":", 1);
    put_digits(record, (unsigned)date.tm_sec, 2);
    put(record, ".", 1);
    put_digits(record, (unsigned)(now.tv_nsec / 1000000), 3);
    put(record, "Z", 1);
}

void record_open(struct record *record, char *text, size_t room)
{
    *record = (struct record){.text = text, .room = room, .kept = RESULT_MAX + sizeof ending};
    put_string(record, "{\"time\":\"");
    put_time(record);
    put(record, "\"", 1);
}

static void put_peer(struct record *record, const struct peer *peer)
{
    size_t start = member(record, "peer");

    put_string(record, "{\"uid\":");
    put_number(record, peer->uid);
    put_string(record, ",\"gid\":");
    put_number(record, peer->gid);
    put_string(record, ",\"pid\":");
    put_number(record, (uint64_t)peer->pid);
    put(record, "}", 1);
    member_end(record, start);
}

void record_begin(struct record *record, char *text, size_t room, const struct peer *peer,
                  uint32_t operation, uint64_t id)
{
    const struct operation *known = operation_find(operation);

    record_open(record, text, room);
    if (peer)
        put_peer(record, peer);
    if (known)
        record_text(record, "operation", known->name);
    else if (operation > 0)
        record_number(record, "operation", operation);
    record_number(record, "id", id);
}

void record_text(struct record *record, const char *name, const char *value)
{
    size_t start = member(record, name);

    put_escaped(record, value);
    member_end(record, start);
}

void record_number(struct record *record, const char *name, uint64_t value)
{
    size_t start = member(record, name);

    put_number(record, value);
    member_end(record, start);
}

void record_flag(struct record *record, const char *name, bool value)
{
    size_t start = member(record, name);

    put_string(record, value ? "true" : "false");
    member_end(record, start);
}

void record_bytes(struct record *record, const char *name, const uint8_t *value, size_t len)
{
    size_t start = member(record, name);
    char digits[3];

    put(record, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        hex_encode(value + i, 1, digits);
        put(record, digits, 2);
    }
    put(record, "\"", 1);
    member_end(record, start);
}

void record_result(struct record *record, enum kf_status status, const char *message)
{
    record->kept = sizeof ending;
    record_text(record, "result", kf_status_name(status));
    if (status != KF_OK)
        record_text(record, "message", message);
}

size_t record_end(struct record *record)
{
    const char *text = record->truncated ? ending : "}";

    memcpy(record->text + record->len, text, strlen(text));
    record->len += strlen(text);
    return record->len;
}
