/* SPDX-License-Identifier: Apache-2.0 */
/* Which valid names come nearest to a wrong one. */
#ifndef KF_CLIENT_NEAREST_H
#define KF_CLIENT_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 3
#define NEAREST_NAME 64

struct nearest {
    const char *wanted;
    char names[NEAREST_MAX][NEAREST_NAME]; /* the nearest first */
    size_t distances[NEAREST_MAX];
    size_t count;
};

void nearest_begin(struct nearest *nearest, const char *wanted);
/* Considers a valid name; it is copied where it is near enough. */
void nearest_offer(struct nearest *nearest, const char *name);
/* "a, b or c". */
void nearest_text(const struct nearest *nearest, char *text, size_t size);

#endif
