/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is next, and who does it. Connections that have a job wait in a circle and give one at a
 * time; a worker gets at most WORKER_WINDOW jobs that it has not done with, so that a crash costs
 * few, no client fills a worker, and none runs dry while the next jobs are on their way. Pure:
 * knows neither connections nor descriptors.
 */
#ifndef KF_DAEMON_FRONT_SCHEDULER_H
#define KF_DAEMON_FRONT_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/ipc.h"

#define WORKER_WINDOW 16

/* A place in the circle, part of what waits. All zero: not waiting. */
struct turn {
    struct turn *next, *previous;
    bool waiting;
};

struct scheduler {
    struct turn *first, *last;
    unsigned last_worker;
    struct {
        bool up;
        unsigned given; /* jobs it has not done with */
    } workers[WORKER_SLOTS];
};

/* Goes to the end of the circle; no effect on one that waits already. */
void scheduler_wait(struct scheduler *scheduler, struct turn *turn);
/* Leaves the circle, if it is in it. */
void scheduler_leave(struct scheduler *scheduler, struct turn *turn);
/* Takes the next one out of the circle; NULL when nobody waits. */
struct turn *scheduler_next(struct scheduler *scheduler);

void scheduler_worker_up(struct scheduler *scheduler, unsigned slot);
void scheduler_worker_down(struct scheduler *scheduler, unsigned slot);
bool scheduler_any_up(const struct scheduler *scheduler);
/* The worker with the most room, the one after the last in turn where several have the same; counts
 * one job as given to it. -1 where none has room. */
int scheduler_give(struct scheduler *scheduler);
/* A worker has done with some jobs. False where it says more than it was given. */
bool scheduler_done(struct scheduler *scheduler, unsigned slot, unsigned count);

#endif
