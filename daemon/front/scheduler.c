/* SPDX-License-Identifier: Apache-2.0 */
/* A circle of those who wait and a count for each worker. */
#include "daemon/front/scheduler.h"

#include <stddef.h>

void scheduler_wait(struct scheduler *scheduler, struct turn *turn)
{
    if (turn->waiting)
        return;
    turn->waiting = true;
    turn->next = NULL;
    turn->previous = scheduler->last;
    if (scheduler->last)
        scheduler->last->next = turn;
    else
        scheduler->first = turn;
    scheduler->last = turn;
}

void scheduler_leave(struct scheduler *scheduler, struct turn *turn)
{
    if (!turn->waiting)
        return;
    if (turn->previous)
        turn->previous->next = turn->next;
    else
        scheduler->first = turn->next;
    if (turn->next)
        turn->next->previous = turn->previous;
    else
        scheduler->last = turn->previous;
    *turn = (struct turn){0};
}

struct turn *scheduler_next(struct scheduler *scheduler)
{
    struct turn *turn = scheduler->first;

    if (turn)
        scheduler_leave(scheduler, turn);
    return turn;
}

void scheduler_worker_up(struct scheduler *scheduler, unsigned slot)
{
    scheduler->workers[slot].up = true;
    scheduler->workers[slot].given = 0;
}

void scheduler_worker_down(struct scheduler *scheduler, unsigned slot)
{
    scheduler->workers[slot].up = false;
}

bool scheduler_any_up(const struct scheduler *scheduler)
{
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (scheduler->workers[i].up)
            return true;
    return false;
}

int scheduler_give(struct scheduler *scheduler)
{
    int best = -1;

    for (unsigned i = 1; i <= WORKER_SLOTS; i++) {
        unsigned slot = (scheduler->last_worker + i) % WORKER_SLOTS;

        if (scheduler->workers[slot].up && scheduler->workers[slot].given < WORKER_WINDOW &&
            (best < 0 || scheduler->workers[slot].given < scheduler->workers[best].given))
            best = (int)slot;
    }
    if (best < 0)
        return -1;
    scheduler->last_worker = (unsigned)best;
    scheduler->workers[best].given++;
    return best;
}

bool scheduler_done(struct scheduler *scheduler, unsigned slot, unsigned count)
{
    if (count > scheduler->workers[slot].given)
        return false;
    scheduler->workers[slot].given -= count;
    return true;
}
