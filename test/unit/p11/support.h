/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of p11/ share: running one test case, and a test token with a session for
 * each test. */
#ifndef KF_TEST_UNIT_P11_SUPPORT_H
#define KF_TEST_UNIT_P11_SUPPORT_H

#include <check.h>
#include <stddef.h>

#include "p11/session.h"
#include "test/token/fixture.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Runs the case as a suite of its own; the program's exit status. */
int run_case(TCase *tcase, const char *name);

/* Opens a session or fails the test. */
struct p11_session *open_session(const struct fixture *fixture);
/* Sleeps as long as an entry of the store's index may serve. */
void outlast_freshness(void);
/* Every object the session sees. */
size_t count_objects(struct p11_session *session);

#endif
