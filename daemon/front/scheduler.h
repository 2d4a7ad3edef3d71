/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is next, and who does it. Users that have jobs wait in a circle and give one at a time, and
 * of each user so do the connections: one user's many connections count as one client. A worker
 * gets few jobs ahead, so that a crash costs few and who comes next does not wait for many; but
 * none runs dry while the next jobs are on their way. Pure: knows neither connections nor
 * descriptors, and is told the time.
 */
#ifndef KF_DAEMON_FRONT_SCHEDULER_H
#define KF_DAEMON_FRONT_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/ipc.h"

/* Jobs that a worker has and has not done with: as many as it does in this time, as it has taken
 * for them lately, within bounds. */
#define WORKER_QUEUE_US 2000
#define WORKER_WINDOW 16
#define WORKER_WINDOW_MIN 2

/* A place in a circle, part of what waits. All zero: not waiting. */
struct turn {
    struct turn *next, *previous;
    struct circle *circle; /* the one that it waits in; NULL: not waiting */
};

/* All zero: nobody waits. */
struct circle {
    struct turn *first, *last;
};

/* What one user has waiting. All zero: nothing. */
struct share {
    struct turn turn; /* among the users; must be first */
    struct circle waiting;
};

struct scheduler {
    struct circle users;
    unsigned last_worker;
    struct {
        bool up;
        unsigned given;    /* jobs it has not done with */
        uint64_t since_us; /* since when it is busy with the first of them */
        uint64_t job_us;   /* what one takes it, in the mean of the last ones; 0: not known */
    } workers[WORKER_SLOTS];
};

/* Goes to the end of the circle; no effect on one that waits already, in whichever. */
void circle_join(struct circle *circle, struct turn *turn);
/* Leaves the circle that it is in, if any. */
void circle_leave(struct turn *turn);
/* Takes the next one out of the circle; NULL when nobody waits. */
struct turn *circle_take(struct circle *circle);

/* Waits for a worker, as one of its user's. */
void scheduler_wait(struct scheduler *scheduler, struct share *share, struct turn *turn);
/* Waits no more, neither for a worker nor in another circle. */
void scheduler_leave(struct share *share, struct turn *turn);
bool scheduler_any_waits(const struct scheduler *scheduler);
/* Takes the next one out; NULL when nobody waits. */
struct turn *scheduler_next(struct scheduler *scheduler);

void scheduler_worker_up(struct scheduler *scheduler, unsigned slot);
void scheduler_worker_down(struct scheduler *scheduler, unsigned slot);
bool scheduler_any_up(const struct scheduler *scheduler);
/* The worker with the most room, the one after the last in turn where several have the same; counts
 * one job as given to it. -1 where none has room. */
int scheduler_give(struct scheduler *scheduler, uint64_t now_us);
/* A worker has done with some jobs. False where it says more than it was given. */
bool scheduler_done(struct scheduler *scheduler, unsigned slot, unsigned count, uint64_t now_us);

#endif
