/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log as a file: lines are numbered, collected, and made durable together. What could not
 * be written is kept and tried again, in order; the log never has a gap that its numbers do not
 * show.
 */
#ifndef KF_DAEMON_AUDITOR_LEDGER_H
#define KF_DAEMON_AUDITOR_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger {
    int fd;            /* opened for appending and reading; not owned; -1: there is none */
    uint64_t next_seq; /* of the next line */
    char *lines;       /* collected and not durable yet; owned */
    size_t len, written, capacity;
    uint64_t lost; /* lines for which there was no memory */
};

/* Goes on numbering where the file's last line stopped, and completes a line that a crash left
 * half. */
void ledger_open(struct ledger *ledger, int fd);

/* Goes on in another file, with what is not durable yet and after its last number; fd may be -1,
 * and then nothing can be written. */
void ledger_move(struct ledger *ledger, int fd);

/* Collects one record (shape.h) as the line {"seq":N,"by":WHO, and its members}. False where it is
 * none; nothing is collected then. */
bool ledger_add(struct ledger *ledger, const char *by, const char *record, size_t len);

/* Writes and syncs what is collected. False with errno where that failed, or where the file has no
 * name any more and would be gone with this process (ENOENT); ledger_commit again later
 * goes on. */
bool ledger_commit(struct ledger *ledger);

void ledger_free(struct ledger *ledger);

#endif
