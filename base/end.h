/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a process at once, without what exit() runs: for a child that shares its parent's
 * buffers, and for a process that cannot go on. */
#ifndef KF_BASE_END_H
#define KF_BASE_END_H

/* As _exit() does. A build for gcov writes its counters first: nothing else would. */
_Noreturn void end_process(int status);

#endif
