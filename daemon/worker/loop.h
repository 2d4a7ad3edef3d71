/* SPDX-License-Identifier: Apache-2.0 */
/* The token worker's role. */
#ifndef KF_DAEMON_WORKER_LOOP_H
#define KF_DAEMON_WORKER_LOOP_H

/* Runs worker number slot on the descriptors of enum child_fd; returns the exit status. */
int worker_main(unsigned slot);

#endif
