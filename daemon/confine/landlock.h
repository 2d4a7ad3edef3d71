/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock without a single exception. */
#ifndef KF_DAEMON_CONFINE_LANDLOCK_H
#define KF_DAEMON_CONFINE_LANDLOCK_H

#include "daemon/confine/part.h"

/* From now on opening, making and removing any file, TCP, abstract sockets and signals to the
 * outside fail by EACCES or EPERM, as far as the kernel's version of Landlock goes, which *version
 * is then. Needs PR_SET_NO_NEW_PRIVS. */
enum confine_part landlock_enter(unsigned *version, struct kf_error *err);

#endif
