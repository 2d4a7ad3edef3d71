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
    /* An element of a list is "[0]". */
    snprintf(path + len, size - len, "%s%s", place->name[0] == '[' ? "" : ".", place->name);
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
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return outcome_refused(err, KF_VALIDATION,
                                   "%s has a control character (hex %02X) at character %zu.", path,
                                   (unsigned char)text[i], i + 1);
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

static bool fits(const json_t *value, enum member_kind kind)
{
    switch (kind) {
    case MEMBER_BOOLEAN:
        return json_is_boolean(value);
    case MEMBER_INTEGER:
        return json_is_integer(value);
    case MEMBER_STRING:
        return json_is_string(value);
    case MEMBER_STRUCTURE:
        return json_is_object(value);
    case MEMBER_LIST:
        return json_is_array(value);
    }
    return false;
}

/* Puts the value where field says: a member's, or an element's of a list. */
static enum outcome put_value(const json_t *value, enum member_kind kind, const struct shape *shape,
                              const pb_field_iter_t *field, const struct place *place,
                              struct kf_error *err)
{
    if (!fits(value, kind))
        return wrong_type(place, value, kind, err);
    switch (kind) {
    case MEMBER_BOOLEAN:
        *(bool *)field->pData = json_is_true(value);
        return OUTCOME_DONE;
    case MEMBER_INTEGER:
        return put_integer(json_integer_value(value), field, place, err);
    case MEMBER_STRING:
        return put_string(value, field, place, err);
    default:
        return put_structure(value, shape, field->pData, place, err);
    }
}

/* The place of the next element, which counts from now on; NULL where the list is full. */
static void *next_element(const pb_field_iter_t *field, const struct place *place,
                          struct kf_error *err)
{
    pb_size_t *count = field->pSize;
    char path[128];

    if (*count < field->array_size)
        return (char *)field->pData + (size_t)(*count)++ * field->data_size;
    write_path(place, path, sizeof path);
    outcome_refused(err, KF_VALIDATION, "%s has more than %u elements.", path,
                    (unsigned)field->array_size);
    return NULL;
}

static enum outcome put_list(const json_t *array, const struct shape *shape,
                             const pb_field_iter_t *field, const struct place *place,
                             struct kf_error *err)
{
    size_t count = json_array_size(array);

    for (size_t i = 0; i < count; i++) {
        pb_field_iter_t element = *field;
        char name[24];
        struct place here = {place, name};
        enum outcome outcome;

        snprintf(name, sizeof name, "[%zu]", i);
        element.pData = next_element(field, place, err);
        if (!element.pData)
            return OUTCOME_REFUSED;
        outcome = put_value(json_array_get(array, i), shape_element_kind(field), shape, &element,
                            &here, err);
        if (outcome != OUTCOME_DONE)
            return outcome;
    }
    return OUTCOME_DONE;
}

/* A map's pairs, in the order in which they are written. */
static enum outcome put_map(const json_t *object, const struct shape *pair,
                            const pb_field_iter_t *field, const struct place *place,
                            struct kf_error *err)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        struct place here = {place, name};
        void *element = next_element(field, place, err);
        pb_field_iter_t halves[2];
        json_t *id = json_string_nocheck(name);
        enum outcome outcome;

        if (!element || !id) {
            json_decref(id);
            return element ? outcome_refused(err, KF_UNAVAILABLE, "Out of memory.")
                           : OUTCOME_REFUSED;
        }
        for (size_t i = 0; i < 2; i++)
            halves[i] = shape_field(pair, &pair->members[i], element);
        outcome = put_string(id, &halves[0], &here, err);
        json_decref(id);
        if (outcome == OUTCOME_DONE)
            outcome = put_value(value, MEMBER_STRING, NULL, &halves[1], &here, err);
        if (outcome != OUTCOME_DONE)
            return outcome;
    }
    return OUTCOME_DONE;
}

static enum outcome put_member(const json_t *value, const struct shape *shape,
                               const struct member *member, void *message,
                               const struct place *place, struct kf_error *err)
{
    pb_field_iter_t field = shape_field(shape, member, message);
    enum member_kind kind = shape_kind(&field);
    bool choice = PB_HTYPE(field.type) == PB_HTYPE_ONEOF;
    enum outcome outcome;

    /* They share their place: the daemon could not be sent two to refuse. */
    if (choice && *(const pb_size_t *)field.pSize != 0)
        return outcome_refused(err, KF_VALIDATION,
                               "%s: is given beside another; exactly one is allowed.",
                               member->name);
    if (choice)
        *(pb_size_t *)field.pSize = field.tag;
    if (member->map)
        return json_is_object(value) ? put_map(value, member->shape, &field, place, err)
                                     : wrong_type(place, value, MEMBER_STRUCTURE, err);
    if (kind == MEMBER_LIST)
        return json_is_array(value) ? put_list(value, member->shape, &field, place, err)
                                    : wrong_type(place, value, kind, err);
    outcome = put_value(value, kind, member->shape, &field, place, err);
    /* Members of requests know whether they were given. */
    if (!choice && field.pSize)
        *(bool *)field.pSize = true;
    return outcome;
}

static enum outcome put_structure(const json_t *object, const struct shape *shape, void *message,
                                  const struct place *above, struct kf_error *err)
{
    const char *name;
    json_t *value;

    /* jansson iterates over what it does not change, yet asks for it without const. */
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
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

static enum outcome parse(const char *text, const char *what, json_type type, json_t **json,
                          struct kf_error *err)
{
    json_error_t where;

    *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
    if (!*json)
        return outcome_usage(err, "%s: invalid JSON at line %d, column %d: %s", what, where.line,
                             where.column, where.text);
    if (json_typeof(*json) == type)
        return OUTCOME_DONE;
    json_decref(*json);
    *json = NULL;
    return outcome_usage(err, "%s: a JSON %s is wanted, as in %s", what,
                         type == JSON_ARRAY ? "list" : "object",
                         type == JSON_ARRAY ? "[\"value\"]" : "{\"Name\": \"value\"}");
}

enum outcome json_in_parse(const char *text, const char *what, json_t **json, struct kf_error *err)
{
    return parse(text, what, JSON_OBJECT, json, err);
}

enum outcome json_in_parse_list(const char *text, const char *what, json_t **json,
                                struct kf_error *err)
{
    return parse(text, what, JSON_ARRAY, json, err);
}

static json_t *coerced(const char *text, enum member_kind kind)
{
    char *end;
    long long number;

    if (kind == MEMBER_LIST)
        return json_pack("[s]", text);
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

        if (json_is_object(value) && member->shape && !member->map)
            json_in_coerce(value, member->shape);
        else if (json_is_string(value) && !member->map)
            better = coerced(json_string_value(value), shape_kind(&field));
        if (better)
            json_object_set_new(object, member->name, better);
    }
}
