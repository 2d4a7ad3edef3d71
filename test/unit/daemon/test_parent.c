/* SPDX-License-Identifier: Apache-2.0 */
/* What the parent makes of a worker's messages, whatever a worker sends. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/parent/parent.h"
#include "test/unit/suite.h"

/* A parent with one worker that is being started, whose end of the control channel is *other. */
static struct parent *parent_with_worker(struct conf *conf, int *other)
{
    struct parent *parent = calloc(1, sizeof *parent);
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    *conf = (struct conf){.workers = 1, .token = {.pin_file = "/nonexistent"}};
    parent->settings.conf = conf;
    parent->shared = calloc(1, sizeof *parent->shared);
    ck_assert_ptr_nonnull(parent->shared);
    parent->workers[0].phase = WORKER_STARTING;
    parent->workers[0].jobs = -1;
    parent->workers[0].child.control = pair[0];
    *other = pair[1];
    return parent;
}

static void say(int socket, enum control_kind kind, const struct kf_error *failure)
{
    struct control message = {.kind = kind};

    if (failure)
        message.failure = *failure;
    ck_assert(control_send(socket, &message, -1));
}

static void drop(struct parent *parent, int other)
{
    close(parent->workers[0].child.control);
    close(other);
    free(parent->shared);
    free(parent);
}

START_TEST(what_a_worker_says_is_cut_to_one_line)
{
    struct kf_error failure = {.fault = KF_FAULT_MODULE};
    struct conf conf;
    int other;
    struct parent *parent = parent_with_worker(&conf, &other);
    const struct kf_error *kept = &parent->workers[0].failure;

    memset(failure.message, 'm', sizeof failure.message); /* without an end */
    memset(failure.detail, '\n', sizeof failure.detail);
    memcpy(failure.message, "bad\nMAINPID=1", 13);
    say(other, CONTROL_FAILED, &failure);
    worker_on_control(parent, 0);
    ck_assert(parent->workers[0].failed);
    ck_assert_uint_eq(strnlen(kept->message, KF_MESSAGE_MAX), KF_MESSAGE_MAX - 1);
    ck_assert_uint_eq(strnlen(kept->detail, KF_DETAIL_MAX), KF_DETAIL_MAX - 1);
    ck_assert_int_eq(strncmp(kept->message, "bad MAINPID=1m", 14), 0);
    ck_assert_ptr_null(strchr(kept->detail, '\n'));
    drop(parent, other);
}
END_TEST

START_TEST(a_failure_is_said_once)
{
    struct kf_error first = {.fault = KF_FAULT_MODULE, .message = "first"};
    struct kf_error second = {.fault = KF_FAULT_CONFIG, .message = "second"};
    struct conf conf;
    int other;
    struct parent *parent = parent_with_worker(&conf, &other);

    say(other, CONTROL_FAILED, &first);
    worker_on_control(parent, 0);
    parent->workers[0].child.kill_ms = 7; /* when it is killed, it cannot put off */
    say(other, CONTROL_FAILED, &second);
    say(other, CONTROL_READY, NULL);
    worker_on_control(parent, 0);
    ck_assert_str_eq(parent->workers[0].failure.message, "first");
    ck_assert_uint_eq(parent->workers[0].child.kill_ms, 7);
    ck_assert_int_eq(parent->workers[0].phase, WORKER_STARTING);
    drop(parent, other);
}
END_TEST

START_TEST(a_refused_pin_is_latched_whatever_happens_next)
{
    struct kf_error refused = {.fault = KF_FAULT_PIN, .message = "The PIN is wrong."};
    struct conf conf;
    int other;
    struct parent *parent = parent_with_worker(&conf, &other);

    parent->restarting = true; /* the front has died just then */
    say(other, CONTROL_FAILED, &refused);
    worker_on_end(parent, 0, 0);
    ck_assert(parent->pin_latched);
    drop(parent, other);
}
END_TEST

START_TEST(a_login_without_an_answer_is_latched)
{
    struct conf conf;
    int other;
    struct parent *parent = parent_with_worker(&conf, &other);
    struct kf_error failure = {.fault = KF_FAULT_MODULE, .message = "gone"};

    atomic_store(&parent->shared->slots[0].logging_in, true);
    worker_on_end(parent, 0, SIGKILL);
    ck_assert(parent->pin_latched);
    ck_assert_int_eq(strncmp(parent->reason, "PIN: ", 5), 0);
    /* What happens next does not hide it. */
    parent->workers[0].phase = WORKER_STARTING;
    parent->workers[0].failed = true;
    parent->workers[0].failure = failure;
    worker_on_end(parent, 0, SIGKILL);
    ck_assert_int_eq(strncmp(parent->reason, "PIN: ", 5), 0);
    drop(parent, other);
}
END_TEST

START_TEST(what_the_auditor_does_not_hear_starts_all_anew)
{
    struct conf conf;
    int other, pair[2], status;
    struct parent *parent = parent_with_worker(&conf, &other);
    pid_t auditor = fork();

    if (auditor == 0) {
        pause();
        _exit(0);
    }
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    close(pair[1]);
    parent->auditor.pid = auditor;
    parent->auditor.control = pair[0];
    worker_on_end(parent, 0, SIGKILL);
    ck_assert(parent->restarting);
    ck_assert_int_eq(waitpid(auditor, &status, 0), auditor);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(pair[0]);
    drop(parent, other);
}
END_TEST

START_TEST(the_front_hears_the_state_in_the_end)
{
    struct conf conf;
    int other, pair[2], fd;
    struct parent *parent = parent_with_worker(&conf, &other);
    struct control state = {0};

    parent->notify.socket = -1;
    parent->front.pid = getpid(); /* not killed: it is only told */
    parent->front.control = -1;
    state_publish(parent);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    parent->front.control = pair[0];
    state_publish(parent);
    ck_assert_int_eq(control_receive(pair[1], false, &state, &fd), CONTROL_GOT);
    ck_assert_int_eq(state.kind, CONTROL_STATE);
    close(pair[0]);
    close(pair[1]);
    drop(parent, other);
}
END_TEST

START_TEST(one_at_a_time_has_the_pin)
{
    struct conf conf;
    int other;
    struct parent *parent = parent_with_worker(&conf, &other);

    conf.workers = 3;
    parent->workers[0].phase = WORKER_DOWN;
    parent->last_ready_ms = 1;
    ck_assert(worker_may_start(parent, 0, 100000));
    ck_assert(!worker_may_start(parent, 1, 100000)); /* none is ready: worker 0 alone */
    parent->workers[1].phase = WORKER_STARTING;
    ck_assert(!worker_may_start(parent, 0, 100000));
    parent->workers[2].phase = WORKER_READY;
    ck_assert(!worker_may_start(parent, 0, 100000));
    ck_assert(worker_may_start(parent, 0, 1000)); /* proven a moment ago */
    parent->pin_proven.there = true;              /* but it was another */
    ck_assert(!worker_may_start(parent, 0, 1000));
    parent->workers[1].phase = WORKER_DOWN;
    ck_assert(worker_may_start(parent, 1, 100000));
    drop(parent, other);
}
END_TEST

SUITE_MAIN("parent", what_a_worker_says_is_cut_to_one_line, a_failure_is_said_once,
           a_refused_pin_is_latched_whatever_happens_next, a_login_without_an_answer_is_latched,
           what_the_auditor_does_not_hear_starts_all_anew, the_front_hears_the_state_in_the_end,
           one_at_a_time_has_the_pin)
