/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, for texts from outside that must be that or nothing. */
#ifndef KF_BASE_UTF8_H
#define KF_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length of the sequence at text, of which len > 0 bytes are there; 0 where there is none: shortest
 * forms only, no surrogates. */
size_t utf8_sequence(const uint8_t *text, size_t len);

#endif
