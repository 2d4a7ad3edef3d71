/* SPDX-License-Identifier: Apache-2.0 */
/* What became of one half of the confinement. */
#ifndef KF_DAEMON_CONFINE_PART_H
#define KF_DAEMON_CONFINE_PART_H

#include "base/error.h"

enum confine_part {
    PART_IN_FORCE,
    PART_ABSENT, /* this kernel does not have it, or has it switched off */
    PART_FAILED, /* it has, and err says what went wrong */
};

#endif
