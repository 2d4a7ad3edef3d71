/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: answers wait here until their records are durable, and leave in the order in which they
 * came. Where the log cannot be written they never leave; the front is told which were withheld,
 * and lets nothing through until the log is back. Where there is no memory for an answer the
 * process ends, so that nobody waits for it.
 */
#ifndef KF_DAEMON_AUDITOR_GATE_H
#define KF_DAEMON_AUDITOR_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/auditor/ledger.h"
#include "daemon/ipc.h"

struct gate {
    struct ledger ledger;
    struct frame_out held;  /* answers whose records are not durable */
    struct frame_out open;  /* answers that may leave */
    bool down;              /* the log could not be written last time */
    uint64_t durable;       /* number of the last record on disk, as far as this gate knows */
    uint64_t withheld_from; /* number of the first record whose answer was withheld since the log
                               went; 0: none */
};

void gate_open(struct gate *gate, int log_fd);
/* An answer with its record, from "front" or "worker 0" and so on; origin as in struct answer_head.
 * False where the record is not one. */
bool gate_add(struct gate *gate, const char *by, uint64_t origin, const struct result *result);
/* The mark that a worker has no more results. */
void gate_worker_gone(struct gate *gate, uint64_t origin);
/* Goes on in another log, or (-1) in none until there is one; the old descriptor is closed. */
void gate_move(struct gate *gate, int log_fd);
/* A line of the auditor's own. */
void gate_event(struct gate *gate, const char *event);
/* Makes the records durable and opens the gate to what waited for them. Also the way to try again
 * while down. */
void gate_pass(struct gate *gate);
void gate_free(struct gate *gate);

#endif
