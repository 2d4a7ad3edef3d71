/* SPDX-License-Identifier: Apache-2.0 */
/* The tables against the schema, and the names derived from them. */
#include "client/shape.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client/options.h"
#include "test/unit/client/support.h"
#include "wire/names.h"

/* Calls back for a shape and all that it holds. */
static void each_shape(const struct shape *shape, void (*check)(const struct shape *))
{
    check(shape);
    for (size_t i = 0; i < shape->count; i++)
        if (shape->members[i].shape)
            each_shape(shape->members[i].shape, check);
}

static void check_complete(const struct shape *shape)
{
    pb_field_iter_t field;

    ck_assert_uint_eq(shape->count, shape->type->field_count);
    for (size_t i = 0; i < shape->count; i++)
        for (size_t j = 0; j < i; j++) {
            ck_assert_uint_ne(shape->members[i].tag, shape->members[j].tag);
            ck_assert_str_ne(shape->members[i].name, shape->members[j].name);
        }
    if (!pb_field_iter_begin(&field, shape->type, NULL))
        return;
    do {
        const struct member *member = NULL;

        for (size_t i = 0; i < shape->count; i++)
            if (shape->members[i].tag == field.tag)
                member = &shape->members[i];
        ck_assert_ptr_nonnull(member);
        ck_assert_int_eq(PB_LTYPE_IS_SUBMSG(field.type), member->shape != NULL);
        if (member->shape)
            ck_assert_ptr_eq(field.submsg_desc, member->shape->type);
        /* Signed or not, 32 bits or 64: what json_out tells apart. */
        if (member->timestamp)
            ck_assert_uint_eq(field.data_size, sizeof(int64_t));
    } while (pb_field_iter_next(&field));
}

START_TEST(tables_have_every_member_of_the_schema)
{
    each_shape(operations[_i].request, check_complete);
    each_shape(operations[_i].reply, check_complete);
}
END_TEST

/* What the command can put into a request: lists of strings and structures, maps of strings, and
 * integers of 32 bits that know whether they were given. */
static void check_request(const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        pb_field_iter_t field = shape_field(shape, &shape->members[i], NULL);

        if (shape_kind(&field) == MEMBER_LIST) {
            ck_assert_uint_eq(PB_ATYPE(field.type), PB_ATYPE_STATIC);
            ck_assert(shape_element_kind(&field) == MEMBER_STRING ||
                      shape_element_kind(&field) == MEMBER_STRUCTURE);
        }
        ck_assert(!shape->members[i].map || shape_kind(&field) == MEMBER_LIST);
        if (shape_kind(&field) == MEMBER_INTEGER) {
            ck_assert_int_eq(PB_LTYPE(field.type), PB_LTYPE_VARINT);
            ck_assert_uint_eq(field.data_size, sizeof(int32_t));
        }
    }
}

/* The daemon's refusals name members as the command does. */
static void check_names(const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        char name[WIRE_NAME_MAX];

        wire_member_name(shape->type, shape->members[i].tag, name);
        ck_assert_str_eq(name, shape->members[i].name);
    }
}

START_TEST(requests_can_be_filled_in)
{
    each_shape(operations[_i].request, check_request);
    each_shape(operations[_i].request, check_names);
}
END_TEST

START_TEST(each_member_has_an_option_and_help)
{
    const struct shape *request = operations[_i].request;

    for (size_t i = 0; i < request->count; i++) {
        char name[64];

        shape_option(&request->members[i], name, sizeof name);
        ck_assert_uint_gt(strlen(name), 2);
        for (const char *c = name; *c; c++)
            ck_assert(islower((unsigned char)*c) || *c == '-');
        for (size_t j = 0; j < OPTION_COUNT; j++)
            ck_assert_str_ne(name, common_options[j].name);
        ck_assert_ptr_nonnull(request->members[i].help);
    }
}
END_TEST

START_TEST(operations_are_all_and_numbered_right)
{
    ck_assert_uint_eq(operations_count, _keyferry_Operation_MAX);
    for (size_t i = 0; i < operations_count; i++) {
        ck_assert_uint_eq(operations[i].number, i + 1);
        ck_assert_ptr_eq(operation_find(operations[i].name), &operations[i]);
        if (operations[i].list)
            ck_assert_ptr_nonnull(shape_member(operations[i].reply, operations[i].list));
    }
    ck_assert_ptr_null(operation_find("create"));
}
END_TEST

static const struct {
    const char *operation, *member, *option;
} names[] = {
    {"create-key", "KeyAttributes", "key-attributes"},
    {"create-key", "KeyCheckValueAlgorithm", "key-check-value-algorithm"},
    {"create-key", "Exportable", "exportable"},
    {"delete-key", "DeleteKeyInDays", "delete-key-in-days"},
    {"list-keys", "MaxResults", "max-results"},
    {"create-alias", "KeyArn", "key-arn"},
    {"export-key", "ExportKeyIdentifier", "export-key-identifier"},
    {"adopt-key", "ObjectLabel", "object"},
};

START_TEST(option_names_are_awss)
{
    const struct member *member =
        shape_member(operation_find(names[_i].operation)->request, names[_i].member);
    char name[64];

    ck_assert_ptr_nonnull(member);
    shape_option(member, name, sizeof name);
    ck_assert_str_eq(name, names[_i].option);
}
END_TEST

int main(void)
{
    const struct test tests[] = {{tables_have_every_member_of_the_schema, operations_count},
                                 {requests_can_be_filled_in, operations_count},
                                 {each_member_has_an_option_and_help, operations_count},
                                 {operations_are_all_and_numbered_right, 1},
                                 {option_names_are_awss, COUNT(names)}};

    return run_suite("shapes", tests, COUNT(tests));
}
