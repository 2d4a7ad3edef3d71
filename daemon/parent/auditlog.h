/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the audit log, which the auditor then has as a descriptor and nothing more. */
#ifndef KF_DAEMON_PARENT_AUDITLOG_H
#define KF_DAEMON_PARENT_AUDITLOG_H

#include "base/error.h"

/* path is absolute. Opened for appending, made with mode 0640, name and all on disk, where it is
 * not there. Refuses
 * (-1) symbolic links, what is not a regular file of one name, what belongs to somebody else than
 * the daemon's user or root, what others may write, and a log that another daemon has. */
int auditlog_open(const char *path, struct kf_error *err);

/* Whether path still leads to the open file. */
bool auditlog_is_at(int fd, const char *path);

#endif
