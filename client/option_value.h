/* SPDX-License-Identifier: Apache-2.0 */
/* What the text behind an option means. */
#ifndef KF_CLIENT_OPTION_VALUE_H
#define KF_CLIENT_OPTION_VALUE_H

#include <jansson.h>

#include "client/outcome.h"
#include "client/shape.h"

/* A whole number within bounds; a usage error that names the option (without dashes) for all else.
 */
enum outcome option_number(const char *option, const char *text, long long least, long long most,
                           long long *number, struct kf_error *err);

/* The value of a member that is not a boolean, as new JSON: a structure from JSON (where it begins
 * with a bracket) or from shorthand, an integer, a string as it is. */
enum outcome option_value(const struct shape *shape, const struct member *member,
                          const char *option, const char *text, json_t **value,
                          struct kf_error *err);

#endif
