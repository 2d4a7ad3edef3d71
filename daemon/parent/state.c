/* SPDX-License-Identifier: Apache-2.0 */
/* How the daemon is, in one word and one sentence, for the status operation and for systemctl
 * status. */
#include <stdio.h>
#include <string.h>

#include "daemon/parent/parent.h"

static void describe(const struct parent *parent, struct control *state)
{
    unsigned ready = 0, wanted = parent->settings.conf->workers;
    const char *why = parent->draining    ? "The daemon is ending."
                      : parent->reason[0] ? parent->reason
                                          : "The token is being opened.";

    /* The bridge takes the place of one that is not there yet. */
    for (unsigned i = 0; i < WORKER_SLOTS && ready < wanted; i++)
        if (parent->workers[i].phase == WORKER_READY)
            ready++;
    memset(state, 0, sizeof *state);
    state->kind = CONTROL_STATE;
    state->state.workers_ready = ready;
    state->state.configured = parent->settings.read_ms;
    snprintf(state->state.refused, sizeof state->state.refused, "%s", parent->reload.failure);
    if (ready == wanted) {
        state->state.state = STATE_READY;
    } else if (ready > 0) {
        state->state.state = STATE_DEGRADED;
        snprintf(state->state.reason, sizeof state->state.reason, "%u of %u workers are up. %.*s",
                 ready, wanted, KF_MESSAGE_MAX - 64,
                 parent->draining || parent->reason[0] ? why : "The others are being started.");
    } else {
        state->state.state = STATE_DOWN;
        snprintf(state->state.reason, sizeof state->state.reason, "%s", why);
    }
}

static void tell_systemd(struct parent *parent, const struct control *state)
{
    static const char *const words[] = {
        [STATE_DOWN] = "Down", [STATE_DEGRADED] = "Degraded", [STATE_READY] = "Ready"};
    /* It also says that a reload is over. */
    const char *ready = parent->known && !reload_busy(parent) ? "READY=1\n" : "";

    if (parent->draining)
        return;
    notify_send(
        &parent->notify, "%sSTATUS=%s: %u of %u workers. %s%s%s", ready, words[state->state.state],
        state->state.workers_ready, parent->settings.conf->workers, state->state.reason,
        state->state.refused[0] ? " The last reload changed nothing: " : "", state->state.refused);
}

void state_publish(struct parent *parent)
{
    struct control state;

    describe(parent, &state);
    /* Both were zeroed whole before they were filled in. */
    if (memcmp(&state, &parent->published, sizeof state) == 0)
        return;
    /* A front that does not take it now gets it in the next round, or is replaced. */
    if (parent->front.pid > 0 && !control_send(parent->front.control, &state, -1))
        return;
    tell_systemd(parent, &state);
    if (state.state.state != parent->published.state.state || parent->published.kind == 0)
        log_info("The daemon is %s.%s%s",
                 state.state.state == STATE_READY      ? "ready"
                 : state.state.state == STATE_DEGRADED ? "degraded"
                                                       : "down",
                 state.state.reason[0] ? " " : "", state.state.reason);
    parent->published = state;
}
