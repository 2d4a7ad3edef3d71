/* SPDX-License-Identifier: Apache-2.0 */
/* What all of the daemon's processes do with themselves, and the one clock they share. */
#ifndef KF_DAEMON_PROCESS_H
#define KF_DAEMON_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* Standard descriptors that are open, no core dumps, no ptrace by the same user, no new privileges
 * by programs that a module may start, no SIGPIPE; the process's short name. Right after exec. */
void process_harden(void);

/* How many descriptors this process may allow itself, and allowing them. */
uint64_t process_files_max(void);
void process_raise_files(void);

bool process_set_nonblocking(int fd);

#endif
