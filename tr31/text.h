/* SPDX-License-Identifier: Apache-2.0 */
/* The characters that key blocks are written in (X9.143:2021 6.2). */
#ifndef KF_TR31_TEXT_H
#define KF_TR31_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The letters the standard knows; I and J are ISO 20038's, for versions D and E. */
#define TR31_ALGORITHMS "ADEHIJRST"
#define TR31_MODES "BCDEGNSTVXY"
#define TR31_EXPORTABILITIES "ENS"
#define TR31_ALPHANUMERIC "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Reads a number of upper-case hex digits; false on any other character. digits is at most 8. */
bool tr31_read_hex(const char *text, size_t digits, size_t *value);

/* Whether every character is printable ASCII, 0x20 to 0x7E: all that a key block may hold. */
bool tr31_is_printable(const char *text, size_t len);

#endif
