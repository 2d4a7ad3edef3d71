/* SPDX-License-Identifier: Apache-2.0 */
/* Along the paper's section 2. The state is wiped, as the text may be a secret. */
#include "base/siphash.h"

#include <string.h>

#define WORD 8

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void rounds(uint64_t v[4], unsigned count)
{
    for (; count > 0; count--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

/* At most eight bytes, the first the lowest. */
static uint64_t word_at(const uint8_t *text, size_t len)
{
    uint64_t word = 0;

    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)text[i] << (8 * i);
    return word;
}

static void take(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    rounds(v, 2);
    v[0] ^= word;
}

uint64_t siphash(const uint64_t key[2], const uint8_t *text, size_t len)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    uint64_t mark;
    size_t at = 0;

    for (; len - at >= WORD; at += WORD)
        take(v, word_at(text + at, WORD));
    take(v, word_at(text + at, len - at) | (uint64_t)len << 56);
    v[2] ^= 0xFF;
    rounds(v, 4);
    mark = v[0] ^ v[1] ^ v[2] ^ v[3];
    explicit_bzero(v, sizeof v);
    return mark;
}
