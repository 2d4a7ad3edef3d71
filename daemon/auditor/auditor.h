/* SPDX-License-Identifier: Apache-2.0 */
/* The auditor's role: what cannot be recorded does not leave. */
#ifndef KF_DAEMON_AUDITOR_AUDITOR_H
#define KF_DAEMON_AUDITOR_AUDITOR_H

/* Runs on the descriptors of enum child_fd; returns the exit status. */
int auditor_main(void);

#endif
