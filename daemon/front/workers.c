/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channels to the workers. A worker that dies is noticed twice: its channel closes, and nothing
 * more is sent; then the auditor says that all its results were answered, and only then is it known
 * which of its jobs were lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/front/front.h"
#include "daemon/stream.h"

struct worker_link {
    struct watch watch;
    struct front *front;
    uint32_t slot, generation;
    struct frame_out out;
    struct front_job *jobs; /* given to it, not answered */
    bool up;                /* the channel is open */
    bool retired;           /* it gets no more jobs */
    /* The next worker of this slot, that came up before the auditor was done with this one; -1:
     * none. */
    int next_fd;
    uint32_t next_generation;
};

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void channel_down(struct worker_link *worker)
{
    if (!worker->up)
        return;
    worker->up = false;
    scheduler_worker_down(&worker->front->scheduler, worker->slot);
    watch_set(&worker->watch, 0);
    /* A worker that is alive still must see that nothing more comes, and end: only then are its
     * jobs answered. */
    shutdown(worker->watch.fd, SHUT_RDWR);
}

/* The worker says how many jobs it has done with; bytes, not frames. */
static void take_credit(struct worker_link *worker)
{
    uint8_t credits[64];
    ssize_t got = recv(worker->watch.fd, credits, sizeof credits, 0);
    unsigned sum = 0;

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        channel_down(worker);
        return;
    }
    for (ssize_t i = 0; i < got; i++)
        sum += credits[i];
    if (!scheduler_done(&worker->front->scheduler, worker->slot, sum, clock_us()))
        channel_down(worker);
}

static void flush(struct worker_link *worker)
{
    size_t len;

    frame_out_data(&worker->out, &len);
    if (!worker->up || len == 0)
        return;
    switch (stream_write(worker->watch.fd, &worker->out)) {
    case STREAM_DONE:
        watch_set(&worker->watch, UV_READABLE);
        break;
    case STREAM_AGAIN:
        watch_set(&worker->watch, UV_READABLE | UV_WRITABLE);
        break;
    case STREAM_CLOSED:
        channel_down(worker);
        break;
    }
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct worker_link *worker = poll->data;

    if (status < 0)
        channel_down(worker);
    else if (events & UV_READABLE)
        take_credit(worker);
}

void worker_up(struct front *front, uint32_t slot, uint32_t generation, int fd)
{
    struct worker_link *worker = front->workers[slot];

    if (worker) {
        channel_down(worker);
        if (worker->next_fd >= 0)
            close(worker->next_fd);
        worker->next_fd = fd;
        worker->next_generation = generation;
        return;
    }
    if (generation <= front->workers_gone[slot]) {
        close(fd);
        return;
    }
    worker = calloc(1, sizeof *worker);
    if (!worker || !watch_open(&worker->watch, &front->loop, fd, worker, on_event)) {
        log_error("Worker %u cannot be used: memory is short.", slot);
        free(worker);
        close(fd);
        return;
    }
    worker->front = front;
    worker->slot = slot;
    worker->generation = generation;
    worker->next_fd = -1;
    worker->up = true;
    front->workers[slot] = worker;
    scheduler_worker_up(&front->scheduler, slot);
    watch_set(&worker->watch, UV_READABLE);
}

bool workers_awaited(const struct front *front)
{
    for (uint32_t slot = 0; slot < WORKER_SLOTS; slot++)
        if (front->workers[slot] && front->workers[slot]->next_fd >= 0)
            return true;
    return false;
}

/* A job that died with its worker. What changes something may have been done, and the client has to
 * look. */
static void refuse_lost(struct front *front, struct front_job *job)
{
    const struct operation *operation = operation_find(job->operation);

    refuse_job(
        front, job, KF_UNAVAILABLE,
        operation && operation->class != CLASS_VIEW && operation->class != CLASS_EXPORT
            ? "The request was interrupted, because its token worker ended, and may or may not "
              "have been "
              "carried out; look, then retry: send it again."
            : "The request was interrupted, because its token worker ended. Retry: send it again.");
}

void worker_close(struct front *front, uint32_t slot)
{
    struct worker_link *worker = front->workers[slot];

    channel_down(worker);
    front->workers[slot] = NULL;
    frame_out_free(&worker->out);
    watch_close(&worker->watch, on_closed);
}

/* The next of its slot, too, which has had no job. */
static void retire(struct worker_link *worker)
{
    worker->retired = true;
    scheduler_worker_down(&worker->front->scheduler, worker->slot);
    if (worker->next_fd >= 0)
        close(worker->next_fd);
    worker->next_fd = -1;
}

void worker_retire(struct front *front, uint32_t slot, uint32_t generation)
{
    struct worker_link *worker = slot < WORKER_SLOTS ? front->workers[slot] : NULL;

    if (worker && (worker->generation == generation ||
                   (worker->next_fd >= 0 && worker->next_generation == generation)))
        retire(worker);
}

void workers_retire(struct front *front)
{
    for (uint32_t slot = 0; slot < WORKER_SLOTS; slot++)
        if (front->workers[slot])
            retire(front->workers[slot]);
}

void worker_gone(struct front *front, uint32_t slot, uint32_t generation)
{
    struct worker_link *worker = slot < WORKER_SLOTS ? front->workers[slot] : NULL;
    uint32_t next_generation;
    int next_fd;

    if (slot < WORKER_SLOTS && generation > front->workers_gone[slot])
        front->workers_gone[slot] = generation;
    if (!worker || worker->generation != generation)
        return;
    while (worker->jobs) {
        struct front_job *job = worker->jobs;

        job_unlink(job);
        refuse_lost(front, job);
    }
    next_fd = worker->next_fd;
    next_generation = worker->next_generation;
    worker_close(front, slot);
    if (next_fd >= 0)
        worker_up(front, slot, next_generation, next_fd);
}

/* For one more job of a client's. Refusals have places of their own. */
static bool has_room(const struct front *front)
{
    return front->jobs.used - front->refusals < front->options.limits.jobs &&
           !jobs_full(&front->jobs);
}

static void give(struct connection *connection, struct worker_link *worker)
{
    struct front_job *job = jobs_take(&connection->front->jobs);
    struct job message = {
        .number = job->number, .peer = connection->peer, .request = connection->head};

    job->id = connection->head.id;
    job->operation = connection->head.operation;
    job->connection = connection;
    job->origin = worker_key(worker->slot, worker->generation);
    job_link(job, &worker->jobs);
    connection->head_len = 0;
    connection_job_begun(connection, job->operation);
    if (!job_put(&worker->out, &message)) {
        log_error("A job cannot be handed on: memory is short.");
        channel_down(worker);
    }
}

void workers_dispatch(struct front *front)
{
    const char *obstacle = front_obstacle(front);
    uint64_t now = clock_us();

    while (scheduler_any_waits(&front->scheduler)) {
        struct connection *connection;
        int slot = -1;

        if (!obstacle && has_room(front))
            slot = scheduler_give(&front->scheduler, now);
        if (!obstacle && slot < 0)
            return;
        connection =
            (struct connection *)scheduler_next(&front->scheduler); /* turn is its first member */
        if (obstacle)
            connection_take_back(connection); /* and it is refused, as what comes now */
        else
            give(connection, front->workers[slot]);
        connection_advance(connection);
        connection_touch(connection);
    }
}

void workers_flush(struct front *front)
{
    for (unsigned slot = 0; slot < WORKER_SLOTS; slot++) {
        struct worker_link *worker = front->workers[slot];

        if (worker)
            flush(worker);
        if (worker && worker->up && worker->retired && !worker->jobs)
            worker_close(front, slot);
    }
}
