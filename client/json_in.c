/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over an object along its shape; the path of the member is kept for the messages. */
#include "client/json_in.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where the walk is: the members from the top. */
struct place {
    const struct place *above;
    const char *name;
};

static void write_path(const struct place *place, char *path, size_t size)
{
    size_t len;

    if (!place->above) {
        snprintf(path, size, "%s", place->name);
        return;
    }
    write_path(place->above, path, size);
    len = strlen(path);
    snprintf(path + len, size - len, ".%s", place->name);
}

static enum outcome unknown_member(const struct place *place, const char *name,
                                   const struct shape *shape, struct kf_error *err)
{
    char path[128] = "input";
    char names[320] = "";
    size_t len = 0;

    if (place)
        write_path(place, path, sizeof path);
    for (size_t i = 0; i < shape->count && len < sizeof names; i++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", i ? ", " : "",
                                shape->members[i].name);
    return outcome_usage(err, "Unknown parameter in %s: \"%.64s\", must be one of: %s", path, name,
                         shape->count ? names : "(there are none)");
}

static const char *type_name(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "structure";
    case JSON_ARRAY:
        return "list";
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
        return "integer";
    case JSON_REAL:
        return "fractional number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

static enum outcome wrong_type(const struct place *place, const json_t *value,
                               enum member_kind kind, struct kf_error *err)
{
    char path[128];

    write_path(place, path, sizeof path);
    return outcome_usage(err, "Invalid type for parameter %s: %s given, %s wanted", path,
                         type_name(value), shape_kind_name(kind));
}

static enum outcome put_string(const json_t *value, const pb_field_iter_t *field,
                               const struct place *place, struct kf_error *err)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    size_t most = field->data_size - 1u;
    char path[128];

    write_path(place, path, sizeof path);
    if (len > most)
        return outcome_refused(err, KF_VALIDATION, "%s is longer than %zu characters.", path, most);
    if (memchr(text, '\0', len))
        return outcome_refused(err, KF_VALIDATION, "%s has a NUL character.", path);
    memcpy(field->pData, text, len);
    return OUTCOME_DONE;
}

static enum outcome put_integer(json_int_t value, const pb_field_iter_t *field,
                                const struct place *place, struct kf_error *err)
{
    char path[128];

    write_path(place, path, sizeof path);
    if (value < INT32_MIN || value > INT32_MAX)
        return outcome_refused(err, KF_VALIDATION, "%s is out of range: %" JSON_INTEGER_FORMAT ".",
                               path, value);
    *(int32_t *)field->pData = (int32_t)value;
    return OUTCOME_DONE;
}

static enum outcome put_structure(const json_t *object, const struct shape *shape, void *message,
                                  const struct place *place, struct kf_error *err);

static enum outcome put_member(const json_t *value, const struct shape *shape,
                               const struct member *member, void *message,
                               const struct place *place, struct kf_error *err)
{
    pb_field_iter_t field = shape_field(shape, member, message);
    enum member_kind kind = shape_kind(&field);
    enum outcome outcome = OUTCOME_DONE;
    bool fits = kind == MEMBER_BOOLEAN     ? json_is_boolean(value)
                : kind == MEMBER_INTEGER   ? json_is_integer(value)
                : kind == MEMBER_STRING    ? json_is_string(value)
                : kind == MEMBER_STRUCTURE ? json_is_object(value)
                                           : false;

    if (!fits)
        return wrong_type(place, value, kind, err);
    if (kind == MEMBER_BOOLEAN)
        *(bool *)field.pData = json_is_true(value);
    else if (kind == MEMBER_INTEGER)
        outcome = put_integer(json_integer_value(value), &field, place, err);
    else if (kind == MEMBER_STRING)
        outcome = put_string(value, &field, place, err);
    else
        outcome = put_structure(value, member->shape, field.pData, place, err);
    /* Members of requests know whether they were given. */
    if (field.pSize)
        *(bool *)field.pSize = true;
    return outcome;
}

static enum outcome put_structure(const json_t *object, const struct shape *shape, void *message,
                                  const struct place *above, struct kf_error *err)
{
    const char *name;
    json_t *value;

    /* jansson iterates over what it does not change, yet asks for it without const. */
    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        const struct member *member = shape_member(shape, name);
        struct place here = {above, name};
        enum outcome outcome;

        if (!member)
            return unknown_member(above, name, shape, err);
        outcome = put_member(value, shape, member, message, &here, err);
        if (outcome != OUTCOME_DONE)
            return outcome;
    }
    return OUTCOME_DONE;
}

enum outcome json_in(const json_t *object, const struct shape *shape, void *message,
                     struct kf_error *err)
{
    return put_structure(object, shape, message, NULL, err);
}

enum outcome json_in_parse(const char *text, const char *what, json_t **json, struct kf_error *err)
{
    json_error_t where;

    *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
    if (!*json)
        return outcome_usage(err, "%s: invalid JSON at line %d, column %d: %s", what, where.line,
                             where.column, where.text);
    if (!json_is_object(*json)) {
        json_decref(*json);
        *json = NULL;
        return outcome_usage(err, "%s: a JSON object is wanted, as in {\"Name\": \"value\"}", what);
    }
    return OUTCOME_DONE;
}

static json_t *coerced(const char *text, enum member_kind kind)
{
    char *end;
    long long number;

    if (kind == MEMBER_BOOLEAN)
        return strcasecmp(text, "true") == 0    ? json_true()
               : strcasecmp(text, "false") == 0 ? json_false()
                                                : NULL;
    if (kind != MEMBER_INTEGER || *text == '\0')
        return NULL;
    errno = 0;
    number = strtoll(text, &end, 10);
    return *end == '\0' && errno == 0 ? json_integer(number) : NULL;
}

void json_in_coerce(json_t *object, const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct member *member = &shape->members[i];
        pb_field_iter_t field = shape_field(shape, member, NULL);
        json_t *value = json_object_get(object, member->name);
        json_t *better = NULL;

        if (json_is_object(value) && member->shape)
            json_in_coerce(value, member->shape);
        else if (json_is_string(value))
            better = coerced(json_string_value(value), shape_kind(&field));
        if (better)
            json_object_set_new(object, member->name, better);
    }
}
