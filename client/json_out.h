/* SPDX-License-Identifier: Apache-2.0 */
/* From a protocol message to JSON as AWS writes it. */
#ifndef KF_CLIENT_JSON_OUT_H
#define KF_CLIENT_JSON_OUT_H

#include <jansson.h>

#include "client/shape.h"

/*
 * A new object with the message's members in the shape's order. Optional members that are absent
 * and others that are empty strings are left out; lists are shown even when empty. Time stamps
 * become ISO 8601 text in local time. NULL where a string is not UTF-8, or memory is short.
 */
json_t *json_out(const void *message, const struct shape *shape);

#endif
