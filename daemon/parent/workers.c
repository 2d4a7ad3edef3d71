/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When workers are started, and what is made of their ends. The rule behind the order of starts: a
 * wrong PIN is presented once. So as long as no worker is ready, only worker 0 is tried, and
 * several start at once only shortly after one of them has logged in.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/parent/parent.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MAX_MS 30000
/* A configuration that does not fit the token is tried again this seldom. */
#define CONFIG_RETRY_MS 60000
/* A worker that was ready this long has had a good life: its end is not held against it. */
#define GOOD_LIFE_MS 10000
/* How long a login says something about the next one. */
#define PIN_PROVEN_MS 10000
#define PIN_LOOK_MS 1000
#define MODULE_LOOK_MS 1000
/* What a worker that has failed gets to end by itself. */
#define FAREWELL_MS 5000

bool workers_any(const struct parent *parent, enum worker_phase phase)
{
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (parent->workers[i].phase == phase)
            return true;
    return false;
}

static void kill_worker(struct worker_slot *worker, unsigned slot, const char *why)
{
    log_error("Worker %u %s; it is killed.", slot, why);
    kill(worker->child.pid, SIGKILL);
    worker->child.kill_ms = 0;
}

static void tell_front(struct parent *parent, unsigned slot)
{
    const struct worker_slot *worker = &parent->workers[slot];
    struct control up = {.kind = CONTROL_WORKER_UP, .slot = slot, .generation = worker->generation};

    if (parent->front.pid > 0 && !control_send(parent->front.control, &up, worker->jobs))
        parent_restart(parent, "front takes no more messages");
}

static void on_ready(struct parent *parent, unsigned slot)
{
    struct worker_slot *worker = &parent->workers[slot];

    /* What has failed is not called back by saying something else. */
    if (worker->phase != WORKER_STARTING || worker->failed)
        return;
    worker->phase = WORKER_READY;
    worker->ready_ms = parent->last_ready_ms = clock_ms();
    worker->child.kill_ms = 0;
    parent->pin_proven = worker->pin;
    parent->known = true;
    /* What stood in the way of the last one stands no more, but for a PIN that was refused since.
     */
    if (!parent->pin_latched)
        parent->reason[0] = '\0';
    log_info("Worker %u is ready.", slot);
    if (slot == WORKER_BRIDGE)
        reload_proven(parent);
    else
        tell_front(parent, slot);
    close(worker->jobs);
    worker->jobs = -1;
}

/* A module's memory may be anybody's: its words end where they must, and stay on their line, as
 * they go into the lines of systemd's protocol. */
static void tame(char *text, size_t room)
{
    text[room - 1] = '\0';
    log_one_line(text);
}

/* At once and not when the process has ended: nothing that happens in between may let the PIN be
 * tried again. */
static void latch_pin(struct parent *parent, const struct worker_slot *worker)
{
    parent->pin_latched = parent->known = true;
    parent->pin_latched_ms = clock_ms();
    parent->pin_refused = worker->pin;
    snprintf(parent->reason, sizeof parent->reason, "PIN: %s", worker->failure.message);
    log_error("The PIN is not tried again before its source changes.");
}

static void on_failed(struct parent *parent, unsigned slot, const struct kf_error *failure)
{
    struct worker_slot *worker = &parent->workers[slot];

    if (worker->failed)
        return;
    worker->failed = true;
    worker->failure = *failure;
    tame(worker->failure.message, sizeof worker->failure.message);
    tame(worker->failure.detail, sizeof worker->failure.detail);
    worker->child.kill_ms = clock_ms() + FAREWELL_MS;
    log_error("Worker %u: %s%s%s", slot, worker->failure.message,
              worker->failure.detail[0] ? " " : "", worker->failure.detail);
    if (worker->failure.fault == KF_FAULT_PIN)
        latch_pin(parent, worker);
}

void worker_on_control(struct parent *parent, unsigned slot)
{
    struct worker_slot *worker = &parent->workers[slot];
    struct control message;
    enum control_got got = CONTROL_NONE;
    int fd;

    for (unsigned i = 0; i < CONTROL_BATCH; i++) {
        got = control_receive(worker->child.control, false, &message, &fd);
        if (got != CONTROL_GOT)
            break;
        if (fd >= 0)
            close(fd);
        if (message.kind == CONTROL_READY)
            on_ready(parent, slot);
        else if (message.kind == CONTROL_FAILED)
            on_failed(parent, slot, &message.failure);
    }
    if (got == CONTROL_CLOSED) {
        close(worker->child.control);
        worker->child.control = -1;
    }
}

/* A worker that died while the token had the PIN: nobody knows whether the token counted it as a
 * wrong one. Whether it may be presented again is for the next worker to tell
 * (daemon/worker/login.h).
 */
static void look_at_login(struct parent *parent, unsigned slot)
{
    struct worker_slot *worker = &parent->workers[slot];

    if (!atomic_exchange(&parent->shared->slots[slot].logging_in, false) || worker->failed)
        return;
    worker->failed = true;
    kf_error_clear(&worker->failure);
    kf_fail_fault(&worker->failure, KF_UNAVAILABLE, KF_FAULT_MODULE, NULL,
                  "A token worker ended while it logged in, so nobody knows what the token made of "
                  "the PIN. Look at the token.");
    log_error("Worker %u: %s", slot, worker->failure.message);
}

/* What a worker that said nothing died of. */
static void explain(struct worker_slot *worker, unsigned slot, int status)
{
    if (worker->failed)
        return;
    kf_error_clear(&worker->failure);
    if (WIFSIGNALED(status))
        kf_fail_fault(
            &worker->failure, KF_UNAVAILABLE, KF_FAULT_MODULE, NULL,
            "A token worker ended unexpectedly (signal %d); a new one is started. Try again.",
            WTERMSIG(status));
    else
        kf_fail_fault(
            &worker->failure, KF_UNAVAILABLE, KF_FAULT_MODULE, NULL,
            "A token worker ended unexpectedly (status %d); a new one is started. Try again.",
            WEXITSTATUS(status));
    log_error("Worker %u: %s", slot, worker->failure.message);
}

/* When its place is taken again. */
static void schedule(struct worker_slot *worker)
{
    uint64_t now = clock_ms(), delay = 0;

    if (worker->phase == WORKER_READY && now - worker->ready_ms >= GOOD_LIFE_MS)
        worker->failures = 0;
    /* The first end of one that had been ready costs no time. */
    if (worker->failures > 0 || worker->phase != WORKER_READY)
        delay = worker->failures > 5 ? BACKOFF_MAX_MS : BACKOFF_FIRST_MS << worker->failures;
    worker->failures++;
    if (delay > BACKOFF_MAX_MS)
        delay = BACKOFF_MAX_MS;
    if (worker->failure.fault == KF_FAULT_CONFIG)
        delay = CONFIG_RETRY_MS;
    worker->retry_ms = now + delay;
}

static void take_end(struct parent *parent, unsigned slot, int status)
{
    struct worker_slot *worker = &parent->workers[slot];

    if (worker->phase == WORKER_LEAVING) {
        if (status != 0)
            explain(worker, slot, status);
        worker->failures = 0;
        worker->retry_ms = 0;
        return;
    }
    explain(worker, slot, status);
    /* What becomes of the bridge says nothing about the others. */
    if (slot == WORKER_BRIDGE) {
        if (parent->reload.phase == RELOAD_TRIAL)
            reload_failed(parent, worker->failure.message);
        return;
    }
    /* While the PIN is latched, that is what keeps the workers down. */
    if (!parent->pin_latched)
        snprintf(parent->reason, sizeof parent->reason, "%s", worker->failure.message);
    parent->known = true;
    schedule(worker);
}

void worker_on_end(struct parent *parent, unsigned slot, int status)
{
    struct worker_slot *worker = &parent->workers[slot];
    struct control gone = {
        .kind = CONTROL_WORKER_GONE, .slot = slot, .generation = worker->generation};

    if (worker->child.control >= 0)
        worker_on_control(parent, slot); /* what it said last */
    /* Without this message the jobs of that worker would never be answered. */
    if (parent->auditor.pid > 0 && !control_send(parent->auditor.control, &gone, -1))
        parent_restart(parent, "auditor takes no more messages");
    if (worker->jobs >= 0)
        close(worker->jobs);
    worker->jobs = -1;
    look_at_login(parent, slot);
    if (!parent->draining && !parent->restarting)
        take_end(parent, slot, status);
    child_forget(&worker->child);
    worker->phase = WORKER_DOWN;
}

static void check_deadlines(struct parent *parent, uint64_t now)
{
    for (unsigned i = 0; i < WORKER_SLOTS; i++) {
        struct worker_slot *worker = &parent->workers[i];
        uint64_t deadline;

        if (worker->child.pid == 0)
            continue;
        deadline =
            atomic_load_explicit(&parent->shared->slots[i].deadline_ms, memory_order_relaxed);
        if (worker->child.kill_ms > 0 && now >= worker->child.kill_ms) {
            kill_worker(worker, i,
                        worker->failed ? "has failed and does not end"
                                       : "does not get the token open");
        } else if (deadline > 0 && now >= deadline) {
            atomic_store_explicit(&parent->shared->slots[i].deadline_ms, 0, memory_order_relaxed);
            kill_worker(worker, i, "is past the deadline of its job");
        }
    }
}

/* Workers know what may be presented (daemon/worker/login.h): one may ask now and then. */
static void look_at_pin(struct parent *parent, uint64_t now)
{
    struct pin_mark mark;

    if (!parent->pin_latched || now - parent->pin_looked_ms < PIN_LOOK_MS)
        return;
    parent->pin_looked_ms = now;
    mark = pin_mark_take(&parent->settings.conf->token);
    if (!pin_mark_same(&mark, &parent->pin_refused))
        log_info("The PIN's source has changed; it is tried again.");
    else if (now - parent->pin_latched_ms < LOGIN_PATIENCE_MS)
        return;
    parent->pin_latched = false;
    for (unsigned i = 0; i < CONF_WORKERS_MAX; i++)
        parent->workers[i].retry_ms = now;
}

/* A configuration that did not fit may fit another module: one that comes back, or is upgraded, is
 * not waited for longer than it takes. */
static void look_at_module(struct parent *parent, uint64_t now)
{
    struct pin_mark mark;

    if (now - parent->module_looked_ms < MODULE_LOOK_MS)
        return;
    parent->module_looked_ms = now;
    mark = pin_mark_of_module(&parent->settings.conf->token);
    for (unsigned i = 0; i < parent->settings.conf->workers; i++) {
        struct worker_slot *worker = &parent->workers[i];

        if (worker->phase != WORKER_DOWN || worker->failure.fault != KF_FAULT_CONFIG ||
            now >= worker->retry_ms || pin_mark_same(&mark, &worker->module))
            continue;
        log_info("The module has changed; worker %u tries it.", i);
        worker->retry_ms = now;
    }
}

/* Whether a login of a moment ago says that the next one is going to succeed. */
static bool pin_proven(const struct parent *parent, uint64_t now)
{
    struct pin_mark mark = pin_mark_take(&parent->settings.conf->token);

    return now - parent->last_ready_ms < PIN_PROVEN_MS && pin_mark_same(&mark, &parent->pin_proven);
}

bool worker_may_start(const struct parent *parent, unsigned slot, uint64_t now)
{
    const struct worker_slot *worker = &parent->workers[slot];

    if (worker->child.pid != 0 || now < worker->retry_ms)
        return false;
    /* One that is being started may have the PIN in its hands. */
    if (workers_any(parent, WORKER_STARTING) && !pin_proven(parent, now))
        return false;
    return slot == 0 || workers_any(parent, WORKER_READY);
}

bool worker_start(struct parent *parent, unsigned slot, const struct settings *settings)
{
    struct worker_slot *worker = &parent->workers[slot];

    if (!child_start_worker(parent, slot, settings))
        return false;
    worker->phase = WORKER_STARTING;
    worker->child.kill_ms = clock_ms() + settings->conf->limits.start_timeout_ms;
    return true;
}

void workers_tick(struct parent *parent, uint64_t now)
{
    const struct settings *settings = &parent->settings;

    check_deadlines(parent, now);
    if (parent->draining || parent->restarting)
        return;
    look_at_pin(parent, now);
    look_at_module(parent, now);
    if (reload_holds(parent))
        return;
    for (unsigned i = 0; i < settings->conf->workers && !parent->pin_latched; i++)
        if (worker_may_start(parent, i, now) && !worker_start(parent, i, settings))
            parent->workers[i].retry_ms = now + BACKOFF_MAX_MS;
}
