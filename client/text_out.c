/* SPDX-License-Identifier: Apache-2.0 */
/* Columns first, then what is nested. Control characters are shown as "?": a line is one record, a
 * tab one column. */
#include "client/text_out.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 32

/* The columns of an object, or of all objects in a list: names of scalar members, in order. */
struct columns {
    const char *names[COLUMNS_MAX];
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_nested(const json_t *value)
{
    return json_is_object(value) || json_is_array(value);
}

/* jansson iterates over what it does not change, yet asks for it without const. */
static json_t *loose(const json_t *json)
{
    return (json_t *)(uintptr_t)json;
}

static void add_columns(struct columns *columns, const json_t *object, bool nested)
{
    const char *name;
    json_t *value;

    json_object_foreach (loose(object), name, value) {
        bool known = is_nested(value) != nested;

        for (size_t i = 0; i < columns->count; i++)
            known = known || strcmp(columns->names[i], name) == 0;
        if (!known && columns->count < COLUMNS_MAX)
            columns->names[columns->count++] = name;
    }
    qsort(columns->names, columns->count, sizeof *columns->names, by_name);
}

static void put_scalar(const json_t *value, FILE *stream)
{
    if (json_is_boolean(value))
        fputs(json_is_true(value) ? "True" : "False", stream);
    else if (json_is_integer(value))
        fprintf(stream, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        for (const char *c = json_string_value(value); c && *c; c++)
            fputc(iscntrl((unsigned char)*c) ? '?' : *c, stream);
}

static void put_line(const json_t *object, const struct columns *columns, const char *title,
                     FILE *stream)
{
    if (columns->count == 0)
        return;
    for (const char *c = title; c && *c; c++)
        fputc(toupper((unsigned char)*c), stream);
    for (size_t i = 0; i < columns->count; i++) {
        if (i > 0 || title)
            fputc('\t', stream);
        put_scalar(json_object_get(object, columns->names[i]), stream);
    }
    fputc('\n', stream);
}

static void put_object(const json_t *object, const struct columns *columns, const char *title,
                       FILE *stream);

static void put_nested(const json_t *value, const char *title, FILE *stream)
{
    struct columns columns = {0};
    const json_t *element;
    size_t i;

    if (json_is_object(value)) {
        add_columns(&columns, value, false);
        put_object(value, &columns, title, stream);
        return;
    }
    json_array_foreach (value, i, element)
        add_columns(&columns, element, false);
    json_array_foreach (value, i, element)
        put_object(element, &columns, title, stream);
}

static void put_object(const json_t *object, const struct columns *columns, const char *title,
                       FILE *stream)
{
    struct columns nested = {0};

    put_line(object, columns, title, stream);
    add_columns(&nested, object, true);
    for (size_t i = 0; i < nested.count; i++)
        put_nested(json_object_get(object, nested.names[i]), nested.names[i], stream);
}

void text_out(const json_t *object, FILE *stream)
{
    put_nested(object, NULL, stream);
}
