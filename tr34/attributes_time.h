/* SPDX-License-Identifier: Apache-2.0 */
/* Times in DER (RFC 5652 11.3): UTCTime from 1950 to 2049, GeneralizedTime before and after; to the
 * second, in UTC, with Z. */
#ifndef KF_TR34_ATTRIBUTES_TIME_H
#define KF_TR34_ATTRIBUTES_TIME_H

#include <time.h>

#include "tr34/der_read.h"

/* YYYYMMDDHHMMSSZ and a NUL */
#define TR34_TIME_SIZE 16

/* The time's text, and the type that goes with its year. Refuses years outside of 1950 to 9999 as a
 * failure of the clock. */
bool tr34_time_write(time_t time, enum der_tag *tag, char text[TR34_TIME_SIZE],
                     struct kf_error *err);

/* Takes the next element, which must be a time in the form that tr34_time_write gives it. */
bool tr34_time_read(struct der_reader *reader, const char *name, time_t *time);

#endif
