/* SPDX-License-Identifier: Apache-2.0 */
/* base64 (RFC 4648 4), strictly: no line breaks, the whole padding. */
#ifndef KF_TR34_BASE64_H
#define KF_TR34_BASE64_H

#include <stddef.h>

/* What text holds, *len bytes and a NUL behind them, to be freed; NULL where it is no base64, or
 * memory is short. */
char *base64_decode(const char *text, size_t *len);

#endif
