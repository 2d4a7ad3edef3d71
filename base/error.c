/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder of failures and the names of the statuses. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Takes a sequence away that was cut off at the end: what is quoted in a message is the caller's
 * own text, and a protobuf string that is not UTF-8 is none that every client reads. */
static void mend_end(char *text)
{
    size_t len = strlen(text), back = 0;

    while (back < 3 && back < len && ((unsigned char)text[len - back - 1] & 0xC0) == 0x80)
        back++;
    if (back < len && (unsigned char)text[len - back - 1] >= 0xC0 &&
        utf8_sequence((const uint8_t *)text + len - back - 1, back + 1) == 0)
        text[len - back - 1] = '\0';
}

__attribute__((format(printf, 5, 0))) static void record(struct kf_error *err,
                                                         enum kf_status status, enum kf_fault fault,
                                                         const char *detail, const char *format,
                                                         va_list args)
{
    if (!err || err->status != KF_OK)
        return;
    err->status = status;
    err->fault = fault;
    if (vsnprintf(err->message, sizeof err->message, format, args) >= KF_MESSAGE_MAX)
        mend_end(err->message);
    snprintf(err->detail, sizeof err->detail, "%s", detail ? detail : "");
}

bool kf_fail(struct kf_error *err, enum kf_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    record(err, status, KF_FAULT_NONE, NULL, format, args);
    va_end(args);
    return false;
}

bool kf_fail_fault(struct kf_error *err, enum kf_status status, enum kf_fault fault,
                   const char *detail, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    record(err, status, fault, detail, format, args);
    va_end(args);
    return false;
}

void kf_error_name_field(struct kf_error *err, const char *field)
{
    struct kf_error bare;

    if (!err || (err->status != KF_NOT_FOUND && err->status != KF_CONFLICT))
        return;
    bare = *err;
    kf_error_clear(err);
    kf_fail_fault(err, bare.status, bare.fault, bare.detail, "%s: %s", field, bare.message);
}

void kf_error_clear(struct kf_error *err)
{
    memset(err, 0, sizeof *err);
}

const char *kf_status_name(enum kf_status status)
{
    switch (status) {
    case KF_OK:
        return "OK";
    case KF_VALIDATION:
        return "ValidationException";
    case KF_NOT_FOUND:
        return "ResourceNotFoundException";
    case KF_CONFLICT:
        return "ConflictException";
    case KF_ACCESS_DENIED:
        return "AccessDeniedException";
    case KF_THROTTLING:
        return "ThrottlingException";
    case KF_UNAVAILABLE:
        return "ServiceUnavailableException";
    case KF_INTERNAL:
        return "InternalServerException";
    }
    return "InternalServerException";
}
