/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share. Each target is one function over any bytes that somebody else could
 * send; it must neither crash nor leak, and what it takes must hold together. Linked with libFuzzer
 * (scripts/fuzz) it is searched for bytes that break that; linked with replay.c, as `make check`
 * does, it is run over the corpus that such searches left.
 */
#ifndef KF_TEST_FUZZ_H
#define KF_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run where a property does not hold. */
#define FUZZ_HOLDS(condition)                                                              \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

/* The bytes as a text of their own, to be freed; up to the first NUL. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text) {
        if (size > 0)
            memcpy(text, data, size);
        text[size] = '\0';
    }
    return text;
}

#endif
