/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The auditor's loop: take what all sources have, commit it with one sync, let the answers go.
 * While the disk syncs, the next batch collects by itself in the sockets.
 */
#include "daemon/auditor/auditor.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/end.h"
#include "daemon/auditor/gate.h"
#include "daemon/confine/confine.h"
#include "daemon/ipc.h"
#include "daemon/process.h"
#include "daemon/stream.h"

/* How often a log that cannot be written is tried again, and the parent hears of this process. */
#define ROUND_MS ALIVE_MS
/* More answers than these wait for the front only if it is stuck: then nothing more is read. */
#define OPEN_MAX_BYTES (8 * 1024 * 1024)

/* A stream of results: the front's refusals, or a worker's. */
struct source {
    int fd;          /* -1: closed */
    uint64_t origin; /* as in struct answer_head */
    char name[16];
    struct frame_in in;
};

struct auditor {
    struct gate gate;
    struct source front;
    struct source workers[WORKER_SLOTS];
    uint64_t alive_ms; /* when the parent last heard of this process */
    bool front_broken; /* cut off: its answers go nowhere, records are still written */
};

static void source_open(struct source *source, int fd, uint64_t origin, const char *name)
{
    *source = (struct source){.fd = fd, .origin = origin, .in = {.max_frame = RESULT_FRAME_MAX}};
    snprintf(source->name, sizeof source->name, "%s", name);
    process_set_nonblocking(fd);
}

static void source_close(struct source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
    frame_in_free(&source->in); /* half a frame was never said */
}

static void worker_close(struct auditor *auditor, struct source *worker)
{
    source_close(worker);
    gate_worker_gone(&auditor->gate, worker->origin);
}

/* Takes the whole frames that one read brings. STREAM_CLOSED also for a source that makes no sense.
 */
static enum stream_result take(struct auditor *auditor, struct source *source)
{
    enum stream_result got = stream_read(source->fd, &source->in);
    enum frame_result next;
    const uint8_t *frame;
    size_t len;
    struct result result;

    if (got != STREAM_DONE)
        return got;
    while ((next = frame_in_next(&source->in, &frame, &len)) == FRAME_READY) {
        if (!result_get(frame, len, &result) ||
            !gate_add(&auditor->gate, source->name, source->origin, &result)) {
            log_error("The %s sent a result without a proper record; it is cut off.", source->name);
            return STREAM_CLOSED;
        }
    }
    return next == FRAME_TOO_LONG ? STREAM_CLOSED : STREAM_DONE;
}

static void take_worker(struct auditor *auditor, struct source *worker)
{
    if (take(auditor, worker) == STREAM_CLOSED)
        worker_close(auditor, worker);
}

/* Takes what a worker that is gone had sent, and no more: a process it left behind may go on
 * sending. */
static void take_last(struct auditor *auditor, struct source *worker)
{
    int before = 0, now = 0;

    /* The queue must get shorter with each read; where it does not, somebody else fills it. */
    if (ioctl(worker->fd, FIONREAD, &now) != 0)
        now = 0;
    do
        before = now;
    while (before > 0 && take(auditor, worker) == STREAM_DONE &&
           ioctl(worker->fd, FIONREAD, &now) == 0 && now < before);
    worker_close(auditor, worker);
}

static void on_worker_results(struct auditor *auditor, const struct control *message, int fd)
{
    struct source *worker;
    char name[16];

    if (fd < 0 || message->slot >= WORKER_SLOTS) {
        if (fd >= 0)
            close(fd);
        return;
    }
    worker = &auditor->workers[message->slot];
    if (worker->fd >= 0)
        worker_close(auditor, worker);
    snprintf(name, sizeof name, "worker %u", message->slot);
    source_open(worker, fd, worker_key(message->slot, message->generation), name);
}

/* Everything the parent has to say; false when it is gone. */
static bool take_control(struct auditor *auditor)
{
    struct control message;
    int fd;

    for (;;) {
        switch (control_receive(CHILD_CONTROL, false, &message, &fd)) {
        case CONTROL_NONE:
            return true;
        case CONTROL_CLOSED:
            return false;
        case CONTROL_GOT:
            break;
        }
        if (message.kind == CONTROL_OPTIONS) {
            log_setup("auditor", message.options.log_level);
            gate_event(&auditor->gate, "reload");
        } else if (message.kind == CONTROL_LOG) {
            gate_move(&auditor->gate, fd);
        } else if (message.kind == CONTROL_WORKER_RESULTS) {
            on_worker_results(auditor, &message, fd);
        } else if (message.kind == CONTROL_WORKER_GONE && message.slot < WORKER_SLOTS) {
            struct source *worker = &auditor->workers[message.slot];

            /* Its process is gone, so all it ever said is here; a process it left behind may still
             * hold the socket. */
            if (worker->fd >= 0 && worker->origin == worker_key(message.slot, message.generation))
                take_last(auditor, worker);
        }
    }
}

/* Its end of the channel closes too: a front that gets no more answers must know, and end. */
static void cut_front(struct auditor *auditor)
{
    auditor->front_broken = true;
    source_close(&auditor->front);
}

static void write_front(struct auditor *auditor)
{
    size_t len;

    if (auditor->front_broken) {
        frame_out_data(&auditor->gate.open, &len);
        frame_out_written(&auditor->gate.open, len);
    } else if (stream_write(auditor->front.fd, &auditor->gate.open) == STREAM_CLOSED) {
        cut_front(auditor);
    }
}

static size_t waiting_for_front(const struct auditor *auditor)
{
    size_t len;

    frame_out_data(&auditor->gate.open, &len);
    return len;
}

static bool any_source(const struct auditor *auditor)
{
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (auditor->workers[i].fd >= 0)
            return true;
    return !auditor->front_broken;
}

enum { POLL_CONTROL, POLL_FRONT, POLL_WORKERS, POLL_COUNT = POLL_WORKERS + WORKER_SLOTS };

static void watch(const struct auditor *auditor, struct pollfd *fds)
{
    size_t waiting = waiting_for_front(auditor);
    short reading = waiting < OPEN_MAX_BYTES ? POLLIN : 0;

    fds[POLL_CONTROL] = (struct pollfd){CHILD_CONTROL, POLLIN, 0};
    fds[POLL_FRONT] = (struct pollfd){auditor->front_broken ? -1 : auditor->front.fd,
                                      (short)(reading | (waiting > 0 ? POLLOUT : 0)), 0};
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        fds[POLL_WORKERS + i] = (struct pollfd){reading ? auditor->workers[i].fd : -1, reading, 0};
}

/* Where the parent has no room for it, it has heard enough. */
static void say_alive(struct auditor *auditor)
{
    const struct control alive = {.kind = CONTROL_ALIVE};
    uint64_t now = clock_ms();

    if (now - auditor->alive_ms < ALIVE_MS)
        return;
    auditor->alive_ms = now;
    control_send(CHILD_CONTROL, &alive, -1);
}

static bool round_of_work(struct auditor *auditor)
{
    struct pollfd fds[POLL_COUNT];

    watch(auditor, fds);
    if (poll(fds, POLL_COUNT, ROUND_MS) < 0)
        return true;
    say_alive(auditor);
    if (fds[POLL_FRONT].revents & (POLLIN | POLLHUP | POLLERR) &&
        take(auditor, &auditor->front) == STREAM_CLOSED)
        cut_front(auditor);
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (fds[POLL_WORKERS + i].revents)
            take_worker(auditor, &auditor->workers[i]);
    if (fds[POLL_CONTROL].revents && !take_control(auditor))
        return false;
    gate_pass(&auditor->gate);
    write_front(auditor);
    return any_source(auditor);
}

int auditor_main(void)
{
    struct auditor *auditor = calloc(1, sizeof *auditor);
    struct kf_error err = {0};
    struct control options;
    int fd;

    /* A file-size limit is a full disk to us, not the end. */
    signal(SIGXFSZ, SIG_IGN);
    if (!auditor || control_receive(CHILD_CONTROL, true, &options, &fd) != CONTROL_GOT ||
        options.kind != CONTROL_OPTIONS) {
        free(auditor);
        return 1;
    }
    log_setup("auditor", options.options.log_level);
    gate_open(&auditor->gate, AUDITOR_LOG);
    source_open(&auditor->front, AUDITOR_FRONT, ORIGIN_FRONT, "front");
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        auditor->workers[i].fd = -1;
    if (!confine_auditor(&err)) {
        log_error("The auditor cannot start: %s", err.message);
        end_process(1);
    }
    gate_event(&auditor->gate, "start");
    gate_pass(&auditor->gate);
    while (round_of_work(auditor))
        ;
    gate_event(&auditor->gate, "stop");
    gate_pass(&auditor->gate);
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        source_close(&auditor->workers[i]);
    source_close(&auditor->front);
    gate_free(&auditor->gate);
    free(auditor);
    return 0;
}
