/* SPDX-License-Identifier: Apache-2.0 */
#include "tr31/text.h"

bool tr31_read_hex(const char *text, size_t digits, size_t *value)
{
    *value = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = text[i];

        if (c >= '0' && c <= '9')
            *value = *value << 4 | (size_t)(c - '0');
        else if (c >= 'A' && c <= 'F')
            *value = *value << 4 | (size_t)(c - 'A' + 10);
        else
            return false;
    }
    return true;
}

bool tr31_is_printable(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7E)
            return false;
    return true;
}
