/* SPDX-License-Identifier: Apache-2.0 */
/* A number is a serial and, in its low 16 bits, the place in the table. */
#include "daemon/front/jobs.h"

#include <stdlib.h>
#include <string.h>

#define PLACE_BITS 16

bool jobs_init(struct jobs *jobs, size_t capacity)
{
    /* Pages that are not used cost nothing. */
    *jobs = (struct jobs){.table = calloc(JOBS_MAX, sizeof *jobs->table), .capacity = capacity};
    return jobs->table != NULL;
}

bool jobs_full(const struct jobs *jobs)
{
    return jobs->used >= jobs->capacity;
}

struct front_job *jobs_take(struct jobs *jobs)
{
    struct front_job *job = jobs->free;

    if (jobs_full(jobs))
        return NULL;
    if (job)
        jobs->free = job->next;
    else
        job = &jobs->table[jobs->fresh++];
    jobs->used++;
    memset(job, 0, sizeof *job);
    job->number = ++jobs->serial << PLACE_BITS | (uint64_t)(job - jobs->table);
    return job;
}

struct front_job *jobs_find(const struct jobs *jobs, uint64_t number, uint64_t origin)
{
    size_t place = number & (((size_t)1 << PLACE_BITS) - 1);

    if (number == 0 || place >= jobs->fresh || jobs->table[place].number != number ||
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
