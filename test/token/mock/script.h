/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mock module is told to do. The script is the file that KEYFERRY_MOCK_SCRIPT names, read
 * again whenever it is another one or has changed (put a new one in its place by rename); then all
 * calls are counted anew, in each process for itself. No file: every call is passed through. One
 * rule a line:
 *
 *   fail FUNCTION WHICH before|after RV   returns RV, without the real call or after it
 *   sleep FUNCTION WHICH MILLISECONDS     and goes on
 *   hang FUNCTION WHICH                   never comes back
 *   crash FUNCTION WHICH segv|abort
 *   garbage FUNCTION WHICH                success, with a length, count or handle that is nonsense
 *   serial TEXT, label TEXT               what C_GetTokenInfo says of every token
 *   lack mechanism|attribute|key-type NUMBER [RV]   no call that makes a key knows it; RV is what
 *                                         those answer, where not what PKCS#11 has for it
 *   only PID                              the rules below are for this process
 *
 * FUNCTION is a PKCS#11 name or "*"; WHICH is an ordinal ("3"), from there on ("3+"), or "*". Of
 * several rules that fit a call the first counts. RV is a number as C reads it (0x30).
 */
#ifndef KF_TEST_TOKEN_MOCK_SCRIPT_H
#define KF_TEST_TOKEN_MOCK_SCRIPT_H

#include <stdbool.h>

enum script_action {
    SCRIPT_PASS,
    SCRIPT_FAIL_BEFORE,
    SCRIPT_FAIL_AFTER,
    SCRIPT_SLEEP,
    SCRIPT_HANG,
    SCRIPT_SEGV,
    SCRIPT_ABORT,
    SCRIPT_GARBAGE,
};

struct script_verdict {
    enum script_action action;
    unsigned long value;   /* the RV, or milliseconds */
    unsigned long ordinal; /* of this call among those of its function; 1 is the first */
};

/* Counts a call of function and says what becomes of it. */
struct script_verdict script_call(const char *function);

enum script_thing { SCRIPT_MECHANISM, SCRIPT_ATTRIBUTE, SCRIPT_KEY_TYPE };

/* Whether the token is to know no such thing, and then what it answers (rv stays as it is where the
 * script does not say); after script_call. */
bool script_lacks(enum script_thing thing, unsigned long number, unsigned long *rv);

/* What a token is to be called; NULL: as it is. Valid until the next script_call. */
const char *script_serial(void);
const char *script_label(void);

#endif
