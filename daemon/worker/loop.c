/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's loop: read jobs, let the service answer them one after the other, write results.
 * Plain and sequential; several jobs come with one read and several results leave with one write. A
 * deadline in shared memory lets the parent end a worker whose module does not come back.
 */
#include "daemon/worker/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/clock.h"
#include "conf/conf.h"
#include "daemon/ipc.h"
#include "daemon/operation.h"
#include "daemon/stream.h"
#include "daemon/worker/login.h"

/* Results that leave together at most, so that a crash takes few with it and the front can send on
 * in time; and how long the first of them may wait for more. */
#define FLUSH_JOBS 8
#define FLUSH_US 1000
#define IDLE_SECONDS 1

struct worker {
    unsigned slot;
    char name[24];
    struct conf *conf;
    struct shared *shared;
    struct login login;
    struct service *service;
    struct frame_in in;
    struct frame_out out;
    unsigned unflushed; /* results in out */
    uint64_t first_us;  /* when the first of them was there */
    char record[RECORD_MAX];
};

static bool tell_parent(enum control_kind kind, unsigned slot, const struct kf_error *failure)
{
    struct control message = {.kind = kind, .slot = slot};

    if (failure)
        message.failure = *failure;
    return control_send(CHILD_CONTROL, &message, -1);
}

static void deadline_set(struct worker *worker, uint64_t limit_ms)
{
    atomic_store_explicit(&worker->shared->slots[worker->slot].deadline_ms, clock_ms() + limit_ms,
                          memory_order_relaxed);
}

static void deadline_clear(struct worker *worker)
{
    atomic_store_explicit(&worker->shared->slots[worker->slot].deadline_ms, 0,
                          memory_order_relaxed);
}

/* Writes the results to the auditor, then tells the front that there is room for as many jobs. */
static bool flush(struct worker *worker)
{
    uint8_t credit = (uint8_t)worker->unflushed;

    if (credit == 0)
        return true;
    worker->unflushed = 0;
    return stream_write(WORKER_RESULTS, &worker->out) == STREAM_DONE &&
           send(WORKER_JOBS, &credit, 1, MSG_NOSIGNAL) == 1;
}

static bool must_flush(const struct worker *worker)
{
    return worker->unflushed >= FLUSH_JOBS ||
           (worker->unflushed > 0 && clock_us() - worker->first_us >= FLUSH_US);
}

/* Whether the failure leaves nothing to do but to begin anew. */
static bool must_leave(enum kf_fault fault)
{
    switch (fault) {
    case KF_FAULT_NONE:
    case KF_FAULT_STALE:
    case KF_FAULT_BUSY:
        return false;
    case KF_FAULT_SESSION:
    case KF_FAULT_LOGIN:
    case KF_FAULT_MODULE:
    case KF_FAULT_PIN:
    case KF_FAULT_CONFIG:
        return true;
    }
    return true;
}

static bool do_job(struct worker *worker, const struct job *job, enum kf_fault *fault)
{
    const struct operation *operation = operation_find(job->request.operation);
    const struct conf_limits *limits = &worker->conf->limits;
    uint8_t *frame = frame_out_begin(&worker->out, RESULT_FRAME_MAX);
    struct answer answer = {.record = worker->record, .record_room = sizeof worker->record};

    if (!frame)
        return false;
    answer.response = frame + RESULT_HEAD;
    answer.response_room = RESPONSE_MAX;
    deadline_set(worker, operation && operation->makes_keys ? limits->key_generation_timeout_ms
                                                            : limits->job_timeout_ms);
    service_handle(worker->service, job, &answer);
    deadline_clear(worker);
    frame_out_end(&worker->out, result_seal(frame, job->number, answer.response_len, answer.record,
                                            answer.record_len));
    if (worker->unflushed++ == 0)
        worker->first_us = clock_us();
    *fault = answer.fault;
    return true;
}

/* The jobs that are there; false when the worker has to end. */
static bool do_jobs(struct worker *worker, struct kf_error *failure)
{
    enum frame_result next;
    const uint8_t *frame;
    size_t len;
    struct job job;

    while ((next = frame_in_next(&worker->in, &frame, &len)) == FRAME_READY) {
        enum kf_fault fault = KF_FAULT_NONE;

        if (!job_get(frame, len, &job) || !do_job(worker, &job, &fault))
            return kf_fail(failure, KF_INTERNAL, "The worker lost track of its jobs.");
        if (must_leave(fault)) {
            flush(worker);
            return kf_fail_fault(failure, KF_UNAVAILABLE, fault, NULL,
                                 "The token failed; a new worker takes over.");
        }
        if (must_flush(worker) && !flush(worker))
            return false;
    }
    if (next == FRAME_TOO_LONG)
        return kf_fail(failure, KF_INTERNAL, "The worker was sent a job that is too long.");
    return flush(worker);
}

/* Waits for jobs. It comes back every second, so it has a deadline too: a process that was stopped
 * while it was idle must not keep the jobs that it was given. */
static enum stream_result wait_for_jobs(struct worker *worker)
{
    enum stream_result result;

    deadline_set(worker, worker->conf->limits.job_timeout_ms + STALL_MARGIN_MS);
    result = stream_read(WORKER_JOBS, &worker->in);
    deadline_clear(worker);
    return result;
}

static bool be_idle(struct worker *worker, struct kf_error *failure)
{
    bool good;

    deadline_set(worker, worker->conf->limits.key_generation_timeout_ms);
    good = service_idle(worker->service, failure);
    deadline_clear(worker);
    return good;
}

/* Until the front closes the channel (true) or the worker has to leave. */
static bool serve(struct worker *worker, struct kf_error *failure)
{
    struct timeval idle = {.tv_sec = IDLE_SECONDS};

    setsockopt(WORKER_JOBS, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
    for (;;) {
        switch (wait_for_jobs(worker)) {
        case STREAM_DONE:
            if (!do_jobs(worker, failure))
                return failure->status == KF_OK;
            break;
        case STREAM_AGAIN:
            if (!be_idle(worker, failure))
                return false;
            break;
        case STREAM_CLOSED:
            return true;
        }
    }
}

static bool set_environment(const struct conf_token *token, struct kf_error *err)
{
    for (size_t i = 0; i < token->environment_count; i++) {
        const char *value =
            strchr(token->environment[i], '=') + 1; /* conf_load has checked the form */
        char *name = strndup(token->environment[i], (size_t)(value - 1 - token->environment[i]));
        bool set = name && setenv(name, value, 1) == 0;

        free(name);
        if (!set)
            return kf_fail(err, KF_INTERNAL,
                           "The module's environment cannot be set: memory is short.");
    }
    return true;
}

/* NULL where it cannot be mapped. */
static void *map(int fd, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return memory != MAP_FAILED ? memory : NULL;
}

static bool start(struct worker *worker, struct kf_error *err)
{
    worker->conf = conf_load_fd(WORKER_CONF, "configuration", err);
    if (!worker->conf)
        return false;
    log_setup(worker->name, worker->conf->log_level);
    worker->in.max_frame = JOB_HEAD + worker->conf->socket.max_frame;
    worker->shared = map(WORKER_SHARED, sizeof *worker->shared);
    worker->login = (struct login){.memory = map(WORKER_LOGIN, sizeof *worker->login.memory),
                                   .shared = worker->shared,
                                   .slot = worker->slot};
    if (!worker->shared || !worker->login.memory)
        return kf_fail(err, KF_INTERNAL, "The shared memory cannot be mapped.");
    if (!set_environment(&worker->conf->token, err))
        return false;
    worker->service =
        service_open(worker->conf, worker->slot, &worker->shared->host, &worker->login, err);
    return worker->service != NULL;
}

int worker_main(unsigned slot)
{
    struct worker worker = {.slot = slot};
    struct kf_error err = {0};
    bool good;

    snprintf(worker.name, sizeof worker.name, "worker %u", slot);
    log_setup(worker.name, LOG_LEVEL_INFO);
    good = start(&worker, &err);
    if (good) {
        good = tell_parent(CONTROL_READY, slot, NULL)
                   ? serve(&worker, &err)
                   : kf_fail(&err, KF_INTERNAL, "Nobody listens.");
    }
    /* Where this is lost too, the parent sees the exit status. */
    if (!good)
        tell_parent(CONTROL_FAILED, slot, &err);
    if (worker.service) {
        deadline_set(&worker, worker.conf->limits.job_timeout_ms);
        service_close(worker.service);
    }
    if (worker.shared)
        munmap(worker.shared, sizeof *worker.shared);
    if (worker.login.memory)
        munmap(worker.login.memory, sizeof *worker.login.memory);
    frame_in_free(&worker.in);
    frame_out_free(&worker.out);
    conf_free(worker.conf);
    return good ? 0 : 1;
}
