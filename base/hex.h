/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as upper-case hexadecimal text, the form of every block, cryptogram and check value, and
 * back. */
#ifndef KF_BASE_HEX_H
#define KF_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 x len characters and a NUL to out, which the caller has made large enough. */
void hex_encode(const uint8_t *bytes, size_t len, char *out);

/* Reads exactly 2 x len characters of upper-case hex; false on any other character. Stops there. */
bool hex_decode(const char *text, size_t len, uint8_t *out);

#endif
