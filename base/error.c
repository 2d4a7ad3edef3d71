/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder of failures and the names of the statuses. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 5, 0))) static void record(struct kf_error *err,
                                                         enum kf_status status, enum kf_fault fault,
                                                         const char *detail, const char *format,
                                                         va_list args)
{
    if (!err || err->status != KF_OK)
        return;
    err->status = status;
    err->fault = fault;
    vsnprintf(err->message, sizeof err->message, format, args);
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
