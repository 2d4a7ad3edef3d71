/* SPDX-License-Identifier: Apache-2.0 */
#include "tr34/base64.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

char *base64_decode(const char *text, size_t *len)
{
    size_t all = strlen(text), letters = strspn(text, LETTERS), pad = all - letters;
    unsigned char *out;
    int got;

    /* EVP_DecodeBlock is lax about all of this. */
    if (all == 0 || all % 4 != 0 || pad > 2 || strspn(text + letters, "=") != pad)
        return NULL;
    out = malloc(all / 4 * 3 + 1);
    got = out ? EVP_DecodeBlock(out, (const unsigned char *)text, (int)all) : -1;
    if (got < 0) {
        free(out);
        return NULL;
    }
    *len = (size_t)got - pad;
    out[*len] = '\0';
    return (char *)out;
}
