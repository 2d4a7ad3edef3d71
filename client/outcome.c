/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a command's own making. */
#include "client/outcome.h"

#include <stdarg.h>
#include <stdio.h>

enum outcome outcome_usage(struct kf_error *err, const char *format, ...)
{
    char message[KF_MESSAGE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    kf_fail(err, KF_VALIDATION, "%s", message);
    return OUTCOME_USAGE;
}

enum outcome outcome_refused(struct kf_error *err, enum kf_status status, const char *format, ...)
{
    char message[KF_MESSAGE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    kf_fail(err, status, "%s", message);
    return OUTCOME_REFUSED;
}
