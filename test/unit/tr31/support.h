/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of tr31/ share: running a suite, the published vectors, and shorthands. */
#ifndef KF_TEST_UNIT_TR31_SUPPORT_H
#define KF_TEST_UNIT_TR31_SUPPORT_H

#include <check.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tr31/keyblock.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Runs the tests as one suite; the program's exit status. */
int run_suite(const char *name, const TTest *const *tests, size_t count);

/* A member of the vectors file ("vectors", "derivation"...), an array; the caller drops the
 * reference. */
json_t *vectors_load(const char *member);
const char *vector_text(const json_t *vector, const char *member);
/* Decodes a hex member into out, which has `room` bytes; returns how many it took. */
size_t vector_bytes(const json_t *vector, const char *member, uint8_t *out, size_t room);

/* Parses each block of "vectors" that expects so ("accept", "reject") and hands it to test, with
 * err as the parser left it where parsed is false. Fails unless there are `least` of them. */
typedef void vector_test(const json_t *vector, const char *text, bool parsed,
                         const struct tr31_keyblock *block, const struct kf_error *err);
void each_block(const char *expect, size_t least, vector_test *test);

/* Fails the test unless err is a ValidationException whose message starts so. */
void expect_refusal(bool result, const struct kf_error *err, const char *message);

/* A parsed block written again by the library from its parts, as a NUL-terminated string to be
 * freed. */
char *rewrite(const struct tr31_keyblock *block);

/* A header that breaks no rule: P0, AES, version D, no optional blocks. */
struct tr31_header sample_header(void);

#endif
