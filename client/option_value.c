/* SPDX-License-Identifier: Apache-2.0 */
/* Only the grammar is looked at: what a value says is the daemon's to judge. */
#include "client/option_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/json_in.h"
#include "client/shorthand.h"

enum outcome option_number(const char *option, const char *text, long long least, long long most,
                           long long *number, struct kf_error *err)
{
    char *end;

    errno = 0;
    *number = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || errno != 0 || *number < least || *number > most)
        return outcome_usage(err, "--%s: \"%.32s\" is not a whole number from %lld to %lld", option,
                             text, least, most);
    return OUTCOME_DONE;
}

static enum outcome structure(const struct shape *shape, const char *option, const char *text,
                              json_t **value, struct kf_error *err)
{
    enum outcome outcome;
    char what[70];

    snprintf(what, sizeof what, "--%s", option);
    while (isspace((unsigned char)*text))
        text++;
    if (*text == '{' || *text == '[')
        return json_in_parse(text, what, value, err);
    outcome = shorthand_parse(text, what, value, err);
    if (outcome == OUTCOME_DONE)
        json_in_coerce(*value, shape);
    return outcome;
}

enum outcome option_value(const struct shape *shape, const struct member *member,
                          const char *option, const char *text, json_t **value,
                          struct kf_error *err)
{
    pb_field_iter_t field = shape_field(shape, member, NULL);
    enum outcome outcome;
    long long number;

    /* An element of a list is read as a member of its kind. */
    switch (shape_element_kind(&field)) {
    case MEMBER_STRUCTURE:
        return structure(member->shape, option, text, value, err);
    case MEMBER_INTEGER:
        outcome = option_number(option, text, INT32_MIN, INT32_MAX, &number, err);
        *value = outcome == OUTCOME_DONE ? json_integer(number) : NULL;
        return outcome;
    default:
        /* Bytes pass as they are: whether they are UTF-8 is the daemon's to say. */
        *value = json_string_nocheck(text);
        return *value ? OUTCOME_DONE : outcome_refused(err, KF_UNAVAILABLE, "Out of memory.");
    }
}
