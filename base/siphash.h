/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4 (Aumasson and Bernstein, 2012): a short mark of a text that nobody can make, or lead
 * back to the text, who does not know the key. */
#ifndef KF_BASE_SIPHASH_H
#define KF_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const uint64_t key[2], const uint8_t *text, size_t len);

#endif
