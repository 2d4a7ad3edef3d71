/* SPDX-License-Identifier: Apache-2.0 */
/* How a command ends; the numbers are its exit statuses. */
#ifndef KF_CLIENT_OUTCOME_H
#define KF_CLIENT_OUTCOME_H

#include "base/error.h"

enum outcome {
    OUTCOME_DONE = 0,
    OUTCOME_REFUSED = 1, /* err has the exception's status and message */
    OUTCOME_USAGE = 2,   /* err has a message about the command line, its status means nothing */
};

/* Both record the failure as kf_fail does and return their outcome. */
enum outcome outcome_usage(struct kf_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum outcome outcome_refused(struct kf_error *err, enum kf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
