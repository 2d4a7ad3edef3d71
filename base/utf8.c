/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3629, section 4: the ranges of the second byte depend on the first. */
#include "base/utf8.h"

size_t utf8_sequence(const uint8_t *text, size_t len)
{
    uint8_t first = text[0];
    uint8_t low = 0x80, high = 0xBF;
    size_t size;

    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        size = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        size = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        size = 4;
    else
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (len < size || text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    return size;
}
