/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of client/ share. */
#ifndef KF_TEST_UNIT_CLIENT_SUPPORT_H
#define KF_TEST_UNIT_CLIENT_SUPPORT_H

#include <check.h>
#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A test, run once for each number below cases. */
struct test {
    const TTest *function;
    size_t cases;
};

/* Runs the tests as one suite; the program's exit status. */
int run_suite(const char *name, const struct test *tests, size_t count);

/* The text of a file of the source tree, to be freed; path is seen from the tree's top. */
char *source_text(const char *path);

#endif
