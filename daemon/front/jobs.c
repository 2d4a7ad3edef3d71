/* SPDX-License-Identifier: Apache-2.0 */
/* A number is a serial and, in its low 16 bits, the place in the table. */
#include "daemon/front/jobs.h"

#include <stdlib.h>
#include <string.h>

#define PLACE_BITS 16

bool jobs_init(struct jobs *jobs, size_t capacity)
{
    *jobs = (struct jobs){.table = calloc(capacity, sizeof *jobs->table), .capacity = capacity};
    if (!jobs->table)
        return false;
    for (size_t i = capacity; i > 0; i--) {
        jobs->table[i - 1].next = jobs->free;
        jobs->free = &jobs->table[i - 1];
    }
    return true;
}

struct front_job *jobs_take(struct jobs *jobs)
{
    struct front_job *job = jobs->free;

    if (!job)
        return NULL;
    jobs->free = job->next;
    jobs->used++;
    memset(job, 0, sizeof *job);
    job->number = ++jobs->serial << PLACE_BITS | (uint64_t)(job - jobs->table);
    return job;
}

struct front_job *jobs_find(const struct jobs *jobs, uint64_t number, uint64_t origin)
{
    size_t place = number & (((size_t)1 << PLACE_BITS) - 1);

    if (number == 0 || place >= jobs->capacity || jobs->table[place].number != number ||
        jobs->table[place].origin != origin)
        return NULL;
    return &jobs->table[place];
}

void jobs_release(struct jobs *jobs, struct front_job *job)
{
    job_unlink(job);
    job->number = 0;
    job->next = jobs->free;
    jobs->free = job;
    jobs->used--;
}

void jobs_free(struct jobs *jobs)
{
    free(jobs->table);
    jobs->table = NULL;
}

void job_link(struct front_job *job, struct front_job **list)
{
    job->list = list;
    job->previous = NULL;
    job->next = *list;
    if (*list)
        (*list)->previous = job;
    *list = job;
}

void job_unlink(struct front_job *job)
{
    if (!job->list)
        return;
    if (job->previous)
        job->previous->next = job->next;
    else
        *job->list = job->next;
    if (job->next)
        job->next->previous = job->previous;
    job->next = job->previous = NULL;
    job->list = NULL;
}
