/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions for misspelt names. */
#include "client/nearest.h"

#include <string.h>

#include "test/unit/client/support.h"

static const struct {
    const char *wanted, *text;
} cases[] = {
    {"get-kye", "get-key, list-keys or get-alias"},
    {"create", "create-key, get-key or list-keys"},
    {"list-alias", "list-aliases, get-alias or list-keys"},
    {"get-key", "get-key, create-key or list-keys"},
};

START_TEST(the_three_nearest_in_order)
{
    struct nearest nearest;
    char text[256];

    nearest_begin(&nearest, cases[_i].wanted);
    nearest_offer(&nearest, "create-key");
    nearest_offer(&nearest, "list-keys");
    nearest_offer(&nearest, "get-alias");
    nearest_offer(&nearest, "list-aliases");
    nearest_offer(&nearest, "get-key");
    nearest_text(&nearest, text, sizeof text);
    ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

START_TEST(few_names_and_long_ones)
{
    struct nearest nearest;
    char long_name[500] = "";
    char text[256];

    memset(long_name, 'x', sizeof long_name - 1);
    nearest_begin(&nearest, long_name);
    nearest_text(&nearest, text, sizeof text);
    ck_assert_str_eq(text, "");
    nearest_offer(&nearest, "get-key");
    nearest_text(&nearest, text, sizeof text);
    ck_assert_str_eq(text, "get-key");
    nearest_offer(&nearest, "token");
    nearest_text(&nearest, text, 9);
    ck_assert_str_eq(text, "get-key ");
}
END_TEST

int main(void)
{
    const struct test tests[] = {{the_three_nearest_in_order, COUNT(cases)},
                                 {few_names_and_long_ones, 1}};

    return run_suite("nearest", tests, COUNT(tests));
}
