/* SPDX-License-Identifier: Apache-2.0 */
/* Running the tests of one program. */
#ifndef KF_TEST_UNIT_SUITE_H
#define KF_TEST_UNIT_SUITE_H

#include <check.h>
#include <stddef.h>

/* Runs the tests as one suite; the program's exit status. */
int suite_run(const char *name, const TTest *const *tests, size_t count);

#define SUITE_MAIN(name, ...)                                          \
    int main(void)                                                     \
    {                                                                  \
        const TTest *const tests[] = {__VA_ARGS__};                    \
                                                                       \
        return suite_run(name, tests, sizeof tests / sizeof tests[0]); \
    }

#endif
