/* SPDX-License-Identifier: Apache-2.0 */
/* A circle of users, a circle for each of them, and a count for each worker. */
#include "daemon/front/scheduler.h"

#include <stddef.h>

void circle_join(struct circle *circle, struct turn *turn)
{
    if (turn->circle)
        return;
    turn->circle = circle;
    turn->next = NULL;
    turn->previous = circle->last;
    if (circle->last)
        circle->last->next = turn;
    else
        circle->first = turn;
    circle->last = turn;
}

void circle_leave(struct turn *turn)
{
    if (!turn->circle)
        return;
    if (turn->previous)
        turn->previous->next = turn->next;
    else
        turn->circle->first = turn->next;
    if (turn->next)
        turn->next->previous = turn->previous;
    else
        turn->circle->last = turn->previous;
    *turn = (struct turn){0};
}

struct turn *circle_take(struct circle *circle)
{
    struct turn *turn = circle->first;

    if (turn)
        circle_leave(turn);
    return turn;
}

void scheduler_wait(struct scheduler *scheduler, struct share *share, struct turn *turn)
{
    circle_join(&share->waiting, turn);
    circle_join(&scheduler->users, &share->turn);
}

void scheduler_leave(struct share *share, struct turn *turn)
{
    circle_leave(turn);
    if (!share->waiting.first)
        circle_leave(&share->turn);
}

bool scheduler_any_waits(const struct scheduler *scheduler)
{
    return scheduler->users.first != NULL;
}

struct turn *scheduler_next(struct scheduler *scheduler)
{
    struct share *share = (struct share *)circle_take(&scheduler->users); /* its first member */
    struct turn *turn;

    if (!share)
        return NULL;
    turn = circle_take(&share->waiting);
    if (share->waiting.first)
        circle_join(&scheduler->users, &share->turn);
    return turn;
}

void scheduler_worker_up(struct scheduler *scheduler, unsigned slot)
{
    scheduler->workers[slot].up = true;
    scheduler->workers[slot].given = 0;
    scheduler->workers[slot].job_us = 0;
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

static unsigned window(const struct scheduler *scheduler, unsigned slot)
{
    uint64_t job_us = scheduler->workers[slot].job_us;
    uint64_t jobs = job_us > 0 ? WORKER_QUEUE_US / job_us : 0;

    if (jobs > WORKER_WINDOW)
        return WORKER_WINDOW;
    return jobs < WORKER_WINDOW_MIN ? WORKER_WINDOW_MIN : (unsigned)jobs;
}

int scheduler_give(struct scheduler *scheduler, uint64_t now_us)
{
    int best = -1;

    for (unsigned i = 1; i <= WORKER_SLOTS; i++) {
        unsigned slot = (scheduler->last_worker + i) % WORKER_SLOTS;

        if (scheduler->workers[slot].up &&
            scheduler->workers[slot].given < window(scheduler, slot) &&
            (best < 0 || scheduler->workers[slot].given < scheduler->workers[best].given))
            best = (int)slot;
    }
    if (best < 0)
        return -1;
    scheduler->last_worker = (unsigned)best;
    if (scheduler->workers[best].given++ == 0)
        scheduler->workers[best].since_us = now_us;
    return best;
}

bool scheduler_done(struct scheduler *scheduler, unsigned slot, unsigned count, uint64_t now_us)
{
    uint64_t took_us;

    if (count > scheduler->workers[slot].given)
        return false;
    if (count == 0)
        return true;
    took_us = (now_us - scheduler->workers[slot].since_us) / count + 1;
    scheduler->workers[slot].job_us = scheduler->workers[slot].job_us == 0
                                          ? took_us
                                          : (7 * scheduler->workers[slot].job_us + took_us) / 8;
    scheduler->workers[slot].since_us = now_us;
    scheduler->workers[slot].given -= count;
    return true;
}
