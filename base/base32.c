/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base32.h"

#include <string.h>

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

void base32_encode(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i + 5 <= len; i += 5) {
        uint64_t group = 0;

        for (int k = 0; k < 5; k++)
            group = group << 8 | bytes[i + (size_t)k];
        for (int shift = 35; shift >= 0; shift -= 5)
            *out++ = alphabet[group >> shift & 31];
    }
    *out = '\0';
}

bool base32_decode(const char *text, size_t len, uint8_t *out)
{
    for (size_t i = 0; i + 5 <= len; i += 5) {
        uint64_t group = 0;

        for (int k = 0; k < 8; k++, text++) {
            const char *at = *text ? strchr(alphabet, *text) : NULL;

            if (!at)
                return false;
            group = group << 5 | (uint64_t)(at - alphabet);
        }
        for (int shift = 32; shift >= 0; shift -= 8)
            *out++ = (uint8_t)(group >> shift);
    }
    return true;
}
