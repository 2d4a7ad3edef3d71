/* SPDX-License-Identifier: Apache-2.0 */
/* Suites and source files. */
#include "test/unit/client/support.h"

#include <stdio.h>
#include <stdlib.h>

int run_suite(const char *name, const struct test *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);
    SRunner *runner;
    int failed;

    for (size_t i = 0; i < count; i++)
        tcase_add_loop_test(all, tests[i].function, 0, (int)tests[i].cases);
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

char *source_text(const char *path)
{
    char whole[1024];
    char *text = NULL;
    FILE *file;
    long size;

    snprintf(whole, sizeof whole, "%s/%s", SOURCE_TREE, path);
    file = fopen(whole, "r");
    ck_assert_msg(file != NULL, "%s", whole);
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    text = calloc(1, (size_t)size + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    return text;
}
