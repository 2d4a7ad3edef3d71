/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a new configuration comes into force, whole or not at all. The file is read and checked, then
 * compared with what is in force. What workers have from their start on is proven first: one more
 * worker, the bridge, opens the token under the new configuration while the others serve under the
 * old one. If it fails, nothing has changed. If it is ready, one message to the front makes the
 * change: the front's own part of it, the bridge, and that no other worker gets a job any more.
 * They answer what they have and end; others are started in their places; and when the first of
 * those is ready the bridge goes too.
 *
 * No job thus is judged under one configuration and carried out under the other, and at no time is
 * there nobody to carry it out.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/parent/parent.h"

void reload_ask(struct parent *parent)
{
    parent->log_looked_ms = 0;
    parent->reload.asked = true;
}

bool reload_busy(const struct parent *parent)
{
    return parent->reload.phase != RELOAD_NONE;
}

bool reload_holds(const struct parent *parent)
{
    const struct reload *reload = &parent->reload;

    return reload->phase == RELOAD_TRIAL ||
           (reload->phase == RELOAD_WAITING && parent->workers[WORKER_BRIDGE].child.pid == 0);
}

static void end(struct parent *parent, const char *failure)
{
    struct reload *reload = &parent->reload;

    settings_free(&reload->next);
    reload->phase = RELOAD_NONE;
    snprintf(reload->failure, sizeof reload->failure, "%s", failure);
    notify_send(&parent->notify, "READY=1");
}

void reload_failed(struct parent *parent, const char *why)
{
    log_error("The configuration stays as it was, as a whole: %s", why);
    end(parent, why);
}

/* Whether the PIN of a worker that serves comes from elsewhere, or from what has changed since. */
static bool pin_differs(const struct parent *parent, const struct conf *conf)
{
    struct pin_mark mark = pin_mark_take(&conf->token);

    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (parent->workers[i].phase == WORKER_READY &&
            !pin_mark_same(&mark, &parent->workers[i].pin))
            return true;
    return false;
}

static enum conf_change larger(enum conf_change one, enum conf_change other)
{
    return one > other ? one : other;
}

static bool read_next(struct parent *parent, struct kf_error *err)
{
    const struct control_options *now = &parent->settings.options;
    struct reload *reload = &parent->reload;

    settings_free(&reload->next);
    if (!settings_load(&reload->next, parent->conf_path, now->started_ms, err) ||
        !conf_compare(parent->settings.conf, reload->next.conf, &reload->change, err))
        return false;
    /* The name of the group may be the same, and its number another. */
    if (reload->next.options.has_group != now->has_group ||
        reload->next.options.group != now->group)
        reload->change = larger(reload->change, CONF_AT_ONCE);
    if (pin_differs(parent, reload->next.conf))
        reload->change = larger(reload->change, CONF_WORKERS);
    return true;
}

static void begin(struct parent *parent)
{
    struct reload *reload = &parent->reload;
    struct kf_error err = {0};

    reload->asked = false;
    notify_reloading(&parent->notify);
    if (!read_next(parent, &err)) {
        reload_failed(parent, err.message);
    } else if (reload->change == CONF_SAME) {
        parent->settings.read_ms = reload->next.read_ms;
        log_info("The configuration has not changed.");
        end(parent, "");
    } else {
        reload->phase = RELOAD_WAITING;
    }
}

/* Everything that was started under the old configuration leaves; what could not be started under
 * it may be under the new one. */
static void renew_workers(struct parent *parent, bool replace)
{
    for (unsigned i = 0; i < CONF_WORKERS_MAX; i++) {
        struct worker_slot *worker = &parent->workers[i];

        if (replace && worker->phase == WORKER_READY)
            worker->phase = WORKER_LEAVING;
        worker->failures = 0;
        worker->retry_ms = 0;
    }
}

/* The change itself. bridge: the worker that takes over; NULL where the workers stay. */
static void change(struct parent *parent, const struct worker_slot *bridge)
{
    struct reload *reload = &parent->reload;
    struct control message = {.kind = CONTROL_OPTIONS,
                              .slot = WORKER_BRIDGE,
                              .generation = bridge ? bridge->generation : 0,
                              .options = reload->next.options};

    settings_free(&parent->settings);
    parent->settings = reload->next;
    reload->next = (struct settings){.fd = -1};
    log_info("The configuration was read again and is in force.");
    log_setup("parent", message.options.log_level);
    renew_workers(parent, bridge != NULL);
    if (!control_send(parent->front.control, &message, bridge ? bridge->jobs : -1))
        parent_restart(parent, "front takes no more messages");
    else if (!control_send(parent->auditor.control, &message, -1))
        parent_restart(parent, "auditor takes no more messages");
    end(parent, "");
}

void reload_proven(struct parent *parent)
{
    /* Its channel is closed then, and it ends. */
    if (parent->draining || parent->restarting || parent->reload.phase != RELOAD_TRIAL)
        return;
    parent->pin_latched = false; /* its PIN was accepted */
    parent->reason[0] = '\0';
    change(parent, &parent->workers[WORKER_BRIDGE]);
}

/* A worker that is opening the token under the old configuration would come up beside the new ones,
 * and has a PIN in its hands. */
static void go_on(struct parent *parent)
{
    struct reload *reload = &parent->reload;

    if (workers_any(parent, WORKER_STARTING) || parent->workers[WORKER_BRIDGE].child.pid > 0)
        return;
    if (reload->change < CONF_WORKERS || !workers_any(parent, WORKER_READY)) {
        change(parent, NULL);
    } else if (worker_start(parent, WORKER_BRIDGE, &reload->next)) {
        reload->phase = RELOAD_TRIAL;
    } else {
        reload_failed(parent, "No worker can be started.");
    }
}

static void retire_bridge(struct parent *parent)
{
    struct worker_slot *bridge = &parent->workers[WORKER_BRIDGE];
    struct control retire = {
        .kind = CONTROL_WORKER_RETIRE, .slot = WORKER_BRIDGE, .generation = bridge->generation};

    for (unsigned i = 0; i < CONF_WORKERS_MAX; i++) {
        if (parent->workers[i].phase != WORKER_READY)
            continue;
        bridge->phase = WORKER_LEAVING;
        if (!control_send(parent->front.control, &retire, -1))
            parent_restart(parent, "front takes no more messages");
        return;
    }
}

/* Workers end with the front, and nobody knows yet that it was the front. */
#define UNSERVED_MS 1000

/* Those that served are gone, and nobody takes their places as long as the bridge tries: a token
 * that hangs then would keep all down. One that has the PIN with the token is waited for. */
static void give_up_trial(struct parent *parent)
{
    struct worker_slot *bridge = &parent->workers[WORKER_BRIDGE];
    struct reload *reload = &parent->reload;

    if (bridge->phase != WORKER_STARTING || bridge->failed || workers_any(parent, WORKER_READY)) {
        reload->unserved_ms = 0;
        return;
    }
    if (reload->unserved_ms == 0)
        reload->unserved_ms = clock_ms();
    if (clock_ms() - reload->unserved_ms < UNSERVED_MS ||
        atomic_load(&parent->shared->slots[WORKER_BRIDGE].logging_in))
        return;
    bridge->failed = true;
    kf_error_clear(&bridge->failure);
    kf_fail(&bridge->failure, KF_UNAVAILABLE,
            "All workers ended before the new configuration was proven; reload again.");
    kill(bridge->child.pid, SIGKILL);
}

void reload_tick(struct parent *parent)
{
    struct reload *reload = &parent->reload;

    /* Not before systemd was told the first time how the daemon is. */
    if (parent->draining || parent->restarting || !parent->known)
        return;
    if (parent->workers[WORKER_BRIDGE].phase == WORKER_READY)
        retire_bridge(parent);
    if (reload->phase == RELOAD_TRIAL)
        give_up_trial(parent);
    if (reload->asked && reload->phase != RELOAD_TRIAL)
        begin(parent);
    /* It was ended because all were started anew. */
    if (reload->phase == RELOAD_TRIAL && parent->workers[WORKER_BRIDGE].child.pid == 0)
        reload->phase = RELOAD_WAITING;
    if (reload->phase == RELOAD_WAITING)
        go_on(parent);
}
