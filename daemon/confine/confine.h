/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What front and auditor give up before they read the first byte that somebody else chose. Both got
 * all they need as descriptors, so what is left to them is to use those: no file, no program, no
 * new socket, no other process. A seccomp filter kills the process for any system call off its
 * list; Landlock refuses, a second time and independently, what the kernel's version of it knows:
 * files, TCP, other processes' abstract sockets and signals.
 *
 * Where the kernel has only one of the two, the other is enough to go on, with a warning. Where it
 * has neither, the process must not run. What is in force is one line of the log.
 *
 * Workers are not confined here: what a vendor's module needs is not known. They have what all
 * processes have (process_harden) and the unit's restrictions.
 */
#ifndef KF_DAEMON_CONFINE_CONFINE_H
#define KF_DAEMON_CONFINE_CONFINE_H

#include "base/error.h"

/* For good, for the calling thread and all it may start: call it once, last, with one thread. False
 * (KF_INTERNAL) where nothing came into force, or a part failed that the kernel does have. */
bool confine_front(struct kf_error *err);
bool confine_auditor(struct kf_error *err);

#endif
