/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said about any shape, from nanopb's descriptors. */
#include "client/shape.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

pb_field_iter_t shape_field(const struct shape *shape, const struct member *member, void *message)
{
    pb_field_iter_t field;

    /* The tables name members by the generated constants, and a test walks them all. */
    if (!pb_field_iter_begin(&field, shape->type, message) ||
        !pb_field_iter_find(&field, member->tag))
        memset(&field, 0, sizeof field);
    return field;
}

enum member_kind shape_element_kind(const pb_field_iter_t *field)
{
    switch (PB_LTYPE(field->type)) {
    case PB_LTYPE_BOOL:
        return MEMBER_BOOLEAN;
    case PB_LTYPE_STRING:
        return MEMBER_STRING;
    case PB_LTYPE_SUBMESSAGE:
        return MEMBER_STRUCTURE;
    default:
        return MEMBER_INTEGER;
    }
}

enum member_kind shape_kind(const pb_field_iter_t *field)
{
    return PB_HTYPE(field->type) == PB_HTYPE_REPEATED ? MEMBER_LIST : shape_element_kind(field);
}

const char *shape_kind_name(enum member_kind kind)
{
    static const char *const names[] = {
        [MEMBER_BOOLEAN] = "boolean",     [MEMBER_INTEGER] = "integer", [MEMBER_STRING] = "string",
        [MEMBER_STRUCTURE] = "structure", [MEMBER_LIST] = "list",
    };

    return names[kind];
}

const struct member *shape_member(const struct shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++)
        if (strcmp(shape->members[i].name, name) == 0)
            return &shape->members[i];
    return NULL;
}

void shape_option(const struct member *member, char *name, size_t size)
{
    size_t len = 0;

    if (member->option) {
        snprintf(name, size, "%s", member->option);
        return;
    }
    for (const char *c = member->name; *c && len + 2 < size; c++) {
        if (isupper((unsigned char)*c) && c > member->name)
            name[len++] = '-';
        name[len++] = (char)tolower((unsigned char)*c);
    }
    name[len] = '\0';
}

const struct operation *operation_find(const char *name)
{
    for (size_t i = 0; i < operations_count; i++)
        if (strcmp(operations[i].name, name) == 0)
            return &operations[i];
    return NULL;
}
