/* SPDX-License-Identifier: Apache-2.0 */
/* The front's loop: events only note what changed; when all of a round were taken, jobs are handed
 * on and everything is written, once for each descriptor. */
#include <stdio.h>
#include <stdlib.h>

#include "base/end.h"
#include "daemon/confine/confine.h"
#include "daemon/front/front.h"
#include "daemon/process.h"

static void on_control_message(struct front *front, const struct control *message, int fd)
{
    switch (message->kind) {
    case CONTROL_OPTIONS:
        if (fd >= 0)
            workers_retire(front);
        options_take(front, &message->options);
        __attribute__((fallthrough));
    case CONTROL_WORKER_UP:
        if (fd >= 0 && message->slot < WORKER_SLOTS) {
            worker_up(front, message->slot, message->generation, fd);
            fd = -1;
        }
        break;
    case CONTROL_WORKER_RETIRE:
        worker_retire(front, message->slot, message->generation);
        break;
    case CONTROL_STATE:
        front->state = message->state.state;
        front->workers_ready = message->state.workers_ready;
        front->configured = message->state.configured;
        snprintf(front->state_reason, sizeof front->state_reason, "%s", message->state.reason);
        snprintf(front->reload_failure, sizeof front->reload_failure, "%s", message->state.refused);
        break;
    case CONTROL_DRAIN:
        front->draining = true;
        listener_close(front);
        connections_touch(front);
        break;
    default:
        break;
    }
    if (fd >= 0)
        close(fd);
}

static void on_control(uv_poll_t *poll, int status, int events)
{
    struct front *front = poll->data;
    struct control message;
    enum control_got got;
    int fd;

    (void)status;
    (void)events;
    while ((got = control_receive(front->control.fd, false, &message, &fd)) == CONTROL_GOT)
        on_control_message(front, &message, fd);
    if (got == CONTROL_CLOSED)
        front->broken = true;
}

/* Where the parent has no room for it, it has heard enough. */
static void on_second(uv_timer_t *timer)
{
    struct front *front = timer->data;
    const struct control alive = {.kind = CONTROL_ALIVE};

    control_send(front->control.fd, &alive, -1);
    connections_end_stalled(front);
    refusals_summarize(front);
}

static void settle_connections(struct front *front)
{
    while (front->unsettled) {
        struct connection *connection = front->unsettled;

        front->unsettled = connection->next_unsettled;
        connection_settle(connection);
    }
}

static bool is_drained(const struct front *front)
{
    return front->draining && !front->connections && front->jobs.used == 0;
}

static void after_events(uv_check_t *check)
{
    struct front *front = check->data;

    /* Those that wait go first. Settling brings new jobs, and handing jobs on touches connections;
     * each pass uses up requests. */
    do {
        connections_refuse(front);
        settle_connections(front);
        workers_dispatch(front);
    } while (front->unsettled);
    workers_flush(front);
    auditor_flush(front);
    if (front->broken || is_drained(front))
        uv_stop(&front->loop);
}

static bool start(struct front *front)
{
    process_raise_files();
    /* Newer versions of libuv would have io_uring make calls that no filter sees. */
    if (setenv("UV_USE_IO_URING", "0", 1) != 0 ||
        !jobs_init(&front->jobs, options_jobs(&front->options)) || uv_loop_init(&front->loop) != 0)
        return false;
    uv_check_init(&front->loop, &front->after_events);
    front->after_events.data = front;
    uv_check_start(&front->after_events, after_events);
    if (!watch_open(&front->control, &front->loop, CHILD_CONTROL, front, on_control) ||
        !auditor_open(front) || !listener_open(front))
        return false;
    watch_set(&front->control, UV_READABLE);
    uv_timer_init(&front->loop, &front->second);
    front->second.data = front;
    uv_timer_start(&front->second, on_second, ALIVE_MS, ALIVE_MS);
    return true;
}

/* Takes everything down in order, when no client and no job is left. */
static void finish(struct front *front)
{
    for (unsigned slot = 0; slot < WORKER_SLOTS; slot++)
        if (front->workers[slot])
            worker_close(front, slot);
    watch_close(&front->control, NULL);
    watch_close(&front->auditor, NULL);
    uv_close((uv_handle_t *)&front->accept_again, NULL);
    uv_close((uv_handle_t *)&front->second, NULL);
    uv_close((uv_handle_t *)&front->after_events, NULL);
    uv_run(&front->loop, UV_RUN_DEFAULT);
    uv_loop_close(&front->loop);
    frame_in_free(&front->answers);
    frame_out_free(&front->results);
    jobs_free(&front->jobs);
    free(front);
}

int front_main(void)
{
    struct front *front = calloc(1, sizeof *front);
    struct kf_error err = {0};
    struct control message;
    int fd;

    if (!front || control_receive(CHILD_CONTROL, true, &message, &fd) != CONTROL_GOT ||
        message.kind != CONTROL_OPTIONS) {
        free(front);
        return 1;
    }
    log_setup("front", message.options.log_level);
    front->options = message.options;
    snprintf(front->state_reason, sizeof front->state_reason, "The token is being opened.");
    if (!start(front)) {
        log_error("The front cannot start: its descriptors or memory are missing.");
        end_process(1);
    }
    if (!confine_front(&err)) {
        log_error("The front cannot start: %s", err.message);
        end_process(1);
    }
    uv_run(&front->loop, UV_RUN_DEFAULT);
    /* Clients that are left see their connection close. */
    if (front->broken)
        end_process(1);
    finish(front);
    return 0;
}
