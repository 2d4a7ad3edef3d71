/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over a message along its shape. */
#include "config.h"

#include "client/json_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* As the AWS command line writes time: microseconds only where the second is not whole, and the
 * offset with a colon. */
static json_t *timestamp(int64_t ms)
{
    int64_t rest = ms % 1000 < 0 ? ms % 1000 + 1000 : ms % 1000;
    time_t seconds = (time_t)((ms - rest) / 1000);
    struct tm local;
    char text[64];
    size_t len;
    long minutes;

    if (!localtime_r(&seconds, &local))
        return json_integer(ms);
    len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local);
    minutes = local.tm_gmtoff / 60;
    if (rest > 0)
        len += (size_t)snprintf(text + len, sizeof text - len, ".%03d000", (int)rest);
    snprintf(text + len, sizeof text - len, "%c%02ld:%02ld", minutes < 0 ? '-' : '+',
             labs(minutes) / 60, labs(minutes) % 60);
    return json_string(text);
}

static json_t *integer(const pb_field_iter_t *field, bool is_timestamp)
{
    int64_t value;

    if (PB_LTYPE(field->type) == PB_LTYPE_UVARINT)
        value = field->data_size == 4 ? (int64_t) * (const uint32_t *)field->pData
                                      : (int64_t) * (const uint64_t *)field->pData;
    else
        value =
            field->data_size == 4 ? *(const int32_t *)field->pData : *(const int64_t *)field->pData;
    return is_timestamp ? timestamp(value) : json_integer(value);
}

static json_t *list(const pb_field_iter_t *field, const struct shape *element)
{
    json_t *array = json_array();
    pb_size_t count = *(const pb_size_t *)field->pSize;

    for (pb_size_t i = 0; i < count; i++) {
        const char *at = (const char *)field->pData + (size_t)i * field->data_size;

        if (json_array_append_new(array, json_out(at, element)) < 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* Whether the member is to be shown. */
static bool is_present(const pb_field_iter_t *field, const struct shape *shape,
                       enum member_kind kind)
{
    if (kind == MEMBER_LIST || (kind == MEMBER_BOOLEAN && shape->primitive))
        return true;
    if (PB_HTYPE(field->type) == PB_HTYPE_ONEOF)
        return *(const pb_size_t *)field->pSize == field->tag;
    if (field->pSize)
        return *(const bool *)field->pSize;
    return kind != MEMBER_STRING || *(const char *)field->pData != '\0';
}

static json_t *value_of(const pb_field_iter_t *field, const struct member *member,
                        enum member_kind kind)
{
    switch (kind) {
    case MEMBER_BOOLEAN:
        return json_boolean(*(const bool *)field->pData);
    case MEMBER_INTEGER:
        return integer(field, member->timestamp);
    case MEMBER_STRING:
        return json_string(field->pData);
    case MEMBER_STRUCTURE:
        return json_out(field->pData, member->shape);
    case MEMBER_LIST:
        return list(field, member->shape);
    }
    return NULL;
}

json_t *json_out(const void *message, const struct shape *shape)
{
    json_t *object = json_object();

    for (size_t i = 0; i < shape->count; i++) {
        const struct member *member = &shape->members[i];
        /* nanopb iterates over what it does not change, yet asks for it without const. */
        pb_field_iter_t field = shape_field(shape, member, (void *)(uintptr_t)message);
        enum member_kind kind = shape_kind(&field);

        if (is_present(&field, shape, kind) &&
            json_object_set_new(object, member->name, value_of(&field, member, kind)) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
