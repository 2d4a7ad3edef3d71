/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test tokens for C tests: a fresh one in a temporary folder, initialised through PKCS#11 itself.
 * The modules come from KEYFERRY_TEST_SOFTHSM (the patched one; no default), KEYFERRY_TEST_NSS and
 * KEYFERRY_TEST_STOCK_SOFTHSM (defaults: where Debian has them).
 */
#ifndef KF_TEST_TOKEN_FIXTURE_H
#define KF_TEST_TOKEN_FIXTURE_H

#include <stdbool.h>

#include "p11/session.h"

enum fixture_token { FIXTURE_SOFTHSM, FIXTURE_NSS, FIXTURE_STOCK_SOFTHSM, FIXTURE_TOKENS };

/* Exit status of a test program that skips. */
#define FIXTURE_SKIP 77

struct fixture {
    enum fixture_token token;
    char directory[64];
    char module[512];
    char init_args[128];
    char uri[128];
    char pin_file[96];
    struct p11_settings settings; /* of the above, for p11_session_open */
};

const char *fixture_name(enum fixture_token token);

/* Whether the module is there; if not, says on stderr which variable to set. */
bool fixture_available(enum fixture_token token);

/*
 * Makes the token, in a child process: no module has been initialised in the caller when this
 * returns. Sets the environment that the module needs (SOFTHSM2_CONF,
 * NSS_MAX_MP_PBE_ITERATION_COUNT). False with a line on stderr. fixture_destroy must follow.
 */
bool fixture_create(enum fixture_token token, struct fixture *fixture);
void fixture_destroy(struct fixture *fixture);

#endif
