/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs under way: accepted and not answered. A table of fixed size, of which as much is used as
 * is allowed; a job's number says where it is and is never used twice. */
#ifndef KF_DAEMON_FRONT_JOBS_H
#define KF_DAEMON_FRONT_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOBS_MAX 65536

struct connection;

struct front_job {
    uint64_t number; /* 0: free */
    uint64_t origin; /* who may answer it: the worker that has it, or the front (ipc.h) */
    uint64_t id;     /* the client's */
    struct connection *connection;
    uint32_t operation;
    struct front_job *next, *previous; /* among its worker's, or the free ones (next only) */
    struct front_job **list;           /* the worker's first job; NULL where it is no worker's */
};

struct jobs {
    struct front_job *table, *free;
    size_t capacity, used; /* used may be more, after capacity has become less */
    size_t fresh;          /* places from here on were never used */
    uint64_t serial;
};

/* capacity at most JOBS_MAX, and may be changed at any time. False when memory is short. */
bool jobs_init(struct jobs *jobs, size_t capacity);
bool jobs_full(const struct jobs *jobs);
/* A new job, numbered, the front's own and in no worker's list; NULL when the table is full. */
struct front_job *jobs_take(struct jobs *jobs);
/* NULL where no job under way has this number, or where it is not origin's to answer. */
struct front_job *jobs_find(const struct jobs *jobs, uint64_t number, uint64_t origin);
void jobs_release(struct jobs *jobs, struct front_job *job);
void jobs_free(struct jobs *jobs);

/* Puts a job into a worker's list, and takes it out of the one it is in. */
void job_link(struct front_job *job, struct front_job **list);
void job_unlink(struct front_job *job);

#endif
