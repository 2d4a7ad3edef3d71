/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of system calls, as seccomp filters. */
#ifndef KF_DAEMON_CONFINE_FILTER_H
#define KF_DAEMON_CONFINE_FILTER_H

#include "daemon/confine/part.h"

enum filter_role { FILTER_FRONT, FILTER_AUDITOR };

/* From now on any other call, and any call of another architecture, ends the process by SIGSYS. */
enum confine_part filter_load(enum filter_role role, struct kf_error *err);

#endif
