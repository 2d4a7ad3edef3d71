/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's own life: start, loop, drain, end. */
#include "daemon/parent/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/parent/auditlog.h"

/* How late a deadline may be noticed at most. */
#define TICK_MAX_MS 1000
#define TICK_MIN_MS 50
/* What everybody gets to end by itself when there is nothing left to do. */
#define FAREWELL_MS 3000
/* Front and auditor that die again within this time are started after a pause that doubles. */
#define RESTART_GOOD_MS 60000
#define RESTART_MAX_MS 30000

/* Zeroed, and sealed: a worker that cut it short would end whoever looks at it next, by SIGBUS. */
static bool make_memory(const char *name, size_t size, int *fd, struct kf_error *err)
{
    *fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return (*fd >= 0 && ftruncate(*fd, (off_t)size) == 0 &&
            fcntl(*fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) == 0) ||
           kf_fail(err, KF_INTERNAL, "No shared memory can be made: %s.", strerror(errno));
}

/* The workers' own memory: the parent gives it its key, and forgets that. */
static bool make_login_memory(struct parent *parent, struct kf_error *err)
{
    struct login_memory memory = {0};
    bool good = make_memory("keyferry-login", sizeof memory, &parent->login_fd, err) &&
                ((getrandom(memory.key, sizeof memory.key, 0) == (ssize_t)sizeof memory.key &&
                  pwrite(parent->login_fd, &memory, sizeof memory, 0) == (ssize_t)sizeof memory) ||
                 kf_fail(err, KF_INTERNAL, "No random key can be made: %s.", strerror(errno)));

    explicit_bzero(&memory, sizeof memory);
    return good;
}

static bool share_memory(struct parent *parent, struct kf_error *err)
{
    if (!make_memory("keyferry-shared", sizeof *parent->shared, &parent->shared_fd, err))
        return false;
    parent->shared = mmap(NULL, sizeof *parent->shared, PROT_READ | PROT_WRITE, MAP_SHARED,
                          parent->shared_fd, 0);
    if (parent->shared == MAP_FAILED) {
        parent->shared = NULL;
        return kf_fail(err, KF_INTERNAL, "The shared memory cannot be mapped: %s.",
                       strerror(errno));
    }
    return true;
}

static void take_signals(struct parent *parent)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    parent->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool prepare(struct parent *parent, const char *path, struct kf_error *err)
{
    parent->conf_path = path;
    if (!settings_load(&parent->settings, path, clock_ms(), err))
        return false;
    log_setup("parent", parent->settings.conf->log_level);
    take_signals(parent);
    if (!share_memory(parent, err) || !make_login_memory(parent, err))
        return false;
    parent->log_fd = auditlog_open(parent->settings.conf->audit.path, err);
    return parent->log_fd >= 0 &&
           listener_take(&parent->listener, &parent->settings.conf->socket, err);
}

void parent_restart(struct parent *parent, const char *why)
{
    uint64_t now = clock_ms();

    if (parent->restarting || parent->draining)
        return;
    log_error("The %s; all processes are started anew.", why);
    if (now - parent->started_all_ms >= RESTART_GOOD_MS)
        parent->restarts = 0;
    parent->restart_ms = now;
    if (parent->restarts > 0)
        parent->restart_ms +=
            parent->restarts > 5 ? RESTART_MAX_MS : 1000 << (parent->restarts - 1);
    parent->restarts++;
    parent->restarting = true;
    children_kill_gently(parent);
}

static void on_end(struct parent *parent, pid_t pid, int status)
{
    if (pid == parent->front.pid || pid == parent->auditor.pid) {
        bool is_front = pid == parent->front.pid;

        child_forget(is_front ? &parent->front : &parent->auditor);
        if (!parent->draining)
            parent_restart(parent,
                           is_front ? "front ended unexpectedly" : "auditor ended unexpectedly");
        else if (status != 0 || !is_front)
            children_kill(parent); /* nobody is left to answer, or to record */
        else
            parent->drain_ms = clock_ms() + FAREWELL_MS;
        return;
    }
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (pid == parent->workers[i].child.pid)
            worker_on_end(parent, i, status);
}

static void begin_drain(struct parent *parent)
{
    struct control drain = {.kind = CONTROL_DRAIN};

    if (parent->draining) {
        log_info("Told to end a second time: ending now.");
        children_kill(parent);
        return;
    }
    log_info("Told to end: answering what is under way.");
    notify_send(&parent->notify, "STOPPING=1\nSTATUS=Answering what is under way.");
    parent->draining = true;
    parent->drain_ms = clock_ms() + parent->settings.conf->limits.drain_timeout_ms;
    listener_drop(&parent->listener);
    if (parent->restarting || parent->front.pid == 0 ||
        !control_send(parent->front.control, &drain, -1))
        children_kill(parent);
}

/* Past the time for draining: first the workers go, so that their jobs are answered as interrupted;
 * then everybody. */
static void end_drain(struct parent *parent, uint64_t now)
{
    bool workers = false;

    if (!parent->draining || now < parent->drain_ms)
        return;
    for (unsigned i = 0; i < WORKER_SLOTS; i++) {
        if (parent->workers[i].child.pid > 0) {
            kill(parent->workers[i].child.pid, SIGKILL);
            workers = true;
        }
    }
    if (!workers)
        children_kill(parent);
    parent->drain_ms = now + FAREWELL_MS;
}

static void on_signals(struct parent *parent)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    while (read(parent->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGHUP)
            reload_ask(parent);
        else if (info.ssi_signo != SIGCHLD)
            begin_drain(parent);
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        on_end(parent, pid, status);
}

/* How long the loop may sleep: half the shortest deadline that there may be, so that none is
 * noticed much too late. */
static int tick_ms(struct parent *parent, uint64_t now)
{
    const struct conf_limits *limits = &parent->settings.conf->limits;
    int tick = TICK_MAX_MS, watchdog = notify_watchdog(&parent->notify, now);

    if (limits->job_timeout_ms / 4 < (uint32_t)tick)
        tick = (int)(limits->job_timeout_ms / 4);
    if (watchdog >= 0 && watchdog < tick)
        tick = watchdog;
    return tick < TICK_MIN_MS ? TICK_MIN_MS : tick;
}

/* Only the time counts in which the parent itself was running: where the whole machine stood still,
 * nobody is to blame. */
static void check_pulse(struct parent *parent, struct child *child, const char *name,
                        uint64_t elapsed)
{
    if (child->pid == 0)
        return;
    child->silent_ms += elapsed < TICK_MAX_MS ? elapsed : TICK_MAX_MS;
    if (child->silent_ms < parent->settings.conf->limits.job_timeout_ms + (uint64_t)STALL_MARGIN_MS)
        return;
    log_error("The %s has stopped; it is killed.", name);
    kill(child->pid, SIGKILL);
    child->silent_ms = 0;
}

static void wait_and_hear(struct parent *parent)
{
    enum { SIGNALS, FRONT, AUDITOR, WORKERS };
    struct pollfd fds[WORKERS + WORKER_SLOTS];

    fds[SIGNALS] = (struct pollfd){parent->signal_fd, POLLIN, 0};
    fds[FRONT] = (struct pollfd){parent->front.control, POLLIN, 0};
    fds[AUDITOR] = (struct pollfd){parent->auditor.control, POLLIN, 0};
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        fds[WORKERS + i] = (struct pollfd){parent->workers[i].child.control, POLLIN, 0};
    if (poll(fds, WORKERS + WORKER_SLOTS, tick_ms(parent, clock_ms())) < 0)
        return;
    if (fds[FRONT].revents)
        child_hear(&parent->front);
    if (fds[AUDITOR].revents)
        child_hear(&parent->auditor);
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (fds[WORKERS + i].revents)
            worker_on_control(parent, i);
    if (fds[SIGNALS].revents)
        on_signals(parent);
}

/* All that was ended has ended, and the pause is over. */
static void end_restart(struct parent *parent, uint64_t now)
{
    if (!parent->restarting)
        return;
    children_kill_gently(parent);
    if (parent->draining || children_any(parent) || now < parent->restart_ms)
        return;
    parent->restarting = false;
    if (!children_start(parent))
        parent_restart(parent, "start failed");
}

static void step(struct parent *parent)
{
    uint64_t now, elapsed;

    wait_and_hear(parent);
    now = clock_ms();
    elapsed = now - parent->stepped_ms;
    parent->stepped_ms = now;
    check_pulse(parent, &parent->front, "front", elapsed);
    check_pulse(parent, &parent->auditor, "auditor", elapsed);
    end_restart(parent, now);
    log_tick(parent, now);
    reload_tick(parent);
    workers_tick(parent, now);
    end_drain(parent, now);
    state_publish(parent);
}

int parent_main(const char *path)
{
    struct parent *parent = calloc(1, sizeof *parent);
    struct kf_error err = {0};
    bool good;

    if (!parent)
        return 1;
    log_setup("parent", LOG_LEVEL_INFO);
    parent->settings.fd = parent->reload.next.fd = parent->log_fd = parent->shared_fd =
        parent->login_fd = parent->signal_fd = parent->listener.fd = -1;
    parent->front.control = parent->auditor.control = -1;
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        parent->workers[i].child.control = parent->workers[i].jobs = -1;
    notify_open(&parent->notify);
    good = prepare(parent, path, &err);
    if (!good) {
        log_error("%s", err.message);
        notify_send(&parent->notify, "STATUS=%s", err.message);
    } else if (!children_start(parent)) {
        children_kill(parent);
        good = false;
    } else {
        workers_tick(parent, clock_ms());
        while (!parent->draining || children_any(parent))
            step(parent);
        log_info("Ended.");
    }
    listener_drop(&parent->listener);
    notify_close(&parent->notify);
    settings_free(&parent->reload.next);
    settings_free(&parent->settings);
    free(parent);
    return good ? 0 : 1;
}
