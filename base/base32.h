/* SPDX-License-Identifier: Apache-2.0 */
/* Key ids as AWS shows them: 10 bytes as 16 lower-case characters of RFC 4648's base32. */
#ifndef KF_BASE_BASE32_H
#define KF_BASE_BASE32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* len is a multiple of 5; writes 8 characters for each 5 bytes, and a NUL. */
void base32_encode(const uint8_t *bytes, size_t len, char *out);
/* Reads len bytes (a multiple of 5) from exactly as many characters as encode writes; false on any
 * other character. */
bool base32_decode(const char *text, size_t len, uint8_t *out);

#endif
