/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/p11/support.h"

#include <stdlib.h>
#include <unistd.h>

#include "p11/calls.h"
#include "p11/store.h"

int run_case(TCase *tcase, const char *name)
{
    Suite *suite = suite_create(name);
    SRunner *runner;
    int failed;

    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

struct p11_session *open_session(const struct fixture *fixture)
{
    struct kf_error err = {0};
    struct p11_session *session = p11_session_open(&fixture->settings, &err);

    ck_assert_msg(session != NULL, "%s (%s)", err.message, err.detail);
    return session;
}

size_t count_objects(struct p11_session *session)
{
    CK_OBJECT_HANDLE *objects;
    size_t found;

    ck_assert_uint_eq(p11_find_objects(session, NULL, 0, &objects, &found, NULL), CKR_OK);
    free(objects);
    return found;
}

void outlast_freshness(void)
{
    usleep((STORE_FRESH_MS + 20) * 1000);
}
