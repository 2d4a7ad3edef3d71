/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that no one sets, for times between. */
#ifndef KF_BASE_CLOCK_H
#define KF_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC, the same in all processes of this host. */
uint64_t clock_ms(void);
/* The same clock in microseconds. */
uint64_t clock_us(void);

#endif
