/* SPDX-License-Identifier: Apache-2.0 */
/* Nearness is the number of characters to insert, drop or change; an abbreviation is one away from
 * its name. */
#include "client/nearest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* One row at a time; names longer than a row count as far away. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NEAREST_NAME + 1];
    size_t width = strlen(b);

    if (width > NEAREST_NAME || strlen(a) > NEAREST_NAME)
        return NEAREST_NAME * 2;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t above = row[j];
            size_t best = diagonal + (a[i - 1] != b[j - 1]);

            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[width];
}

void nearest_begin(struct nearest *nearest, const char *wanted)
{
    memset(nearest, 0, sizeof *nearest);
    nearest->wanted = wanted;
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    bool begins = strncmp(name, nearest->wanted, strlen(nearest->wanted)) == 0;
    size_t far = begins ? strcmp(name, nearest->wanted) != 0 : distance(nearest->wanted, name);
    size_t at = nearest->count;

    while (at > 0 && nearest->distances[at - 1] > far)
        at--;
    if (at == NEAREST_MAX)
        return;
    if (nearest->count < NEAREST_MAX)
        nearest->count++;
    for (size_t i = nearest->count - 1; i > at; i--) {
        nearest->distances[i] = nearest->distances[i - 1];
        memcpy(nearest->names[i], nearest->names[i - 1], NEAREST_NAME);
    }
    nearest->distances[at] = far;
    snprintf(nearest->names[at], NEAREST_NAME, "%s", name);
}

void nearest_text(const struct nearest *nearest, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < nearest->count && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s%s",
                                i == 0                   ? ""
                                : i + 1 < nearest->count ? ", "
                                                         : " or ",
                                nearest->names[i]);
}
