/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: the lines of the audit log, one JSON object each. Bounded: what does not fit is left
 * out, and the record says so with "truncated":true; it is well-formed whatever is put into it.
 * Order of calls: record_begin, members, record_result, record_end. The auditor adds the sequence
 * number and who wrote the record.
 */
#ifndef KF_DAEMON_RECORD_H
#define KF_DAEMON_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "daemon/peer.h"

/* Room for every record there is. */
#define RECORD_MAX 4096

struct record {
    char *text; /* the caller's buffer */
    size_t room, len;
    size_t kept;    /* room kept free for the result and the end */
    bool overflow;  /* the member being written does not fit */
    bool truncated; /* one did not */
};

/* {"time":"2026-11-22T23:27:08.123Z"; for records that are no request's. room at least 128. */
void record_open(struct record *record, char *text, size_t room);

/* record_open and what all requests have:
 * "peer":{"uid":0,"gid":0,"pid":1},"operation":"ExportKey","id":7. peer may be NULL, and operation
 * 0, where they are not known. */
void record_begin(struct record *record, char *text, size_t room, const struct peer *peer,
                  uint32_t operation, uint64_t id);

/* One member each. name is trusted, value is not: it is escaped, and bytes that are not UTF-8
 * become U+FFFD. */
void record_text(struct record *record, const char *name, const char *value);
void record_number(struct record *record, const char *name, uint64_t value);
void record_flag(struct record *record, const char *name, bool value);
/* Upper-case hex. */
void record_bytes(struct record *record, const char *name, const uint8_t *value, size_t len);

/* "result":"OK", or the exception's name and "message". */
void record_result(struct record *record, enum kf_status status, const char *message);

/* Closes the object; returns its length. There is no NUL and no newline behind it. */
size_t record_end(struct record *record);

#endif
