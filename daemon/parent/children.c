/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the other processes: this program again, under another name, with nothing but the
 * descriptors it needs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/end.h"
#include "daemon/parent/parent.h"

/* Descriptors of a child beside its control; the first becomes CHILD_CONTROL + 1. */
#define FDS_MAX 5
/* Above all that a child is given, so that moving them into place overwrites none. */
#define SAFE_FD 16

extern char **environ;

/* What front and auditor keep of the environment: where the log goes, and what sanitizers and
 * coverage need. */
static bool is_harmless(const char *variable)
{
    static const char *const names[] = {"JOURNAL_STREAM=", "ASAN_OPTIONS=",    "UBSAN_OPTIONS=",
                                        "LSAN_OPTIONS=",   "LD_LIBRARY_PATH=", "GCOV_PREFIX"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static char **small_environment(void)
{
    size_t count = 0;
    char **kept;

    while (environ[count])
        count++;
    kept = calloc(count + 1, sizeof *kept);
    for (size_t i = 0, at = 0; kept && i < count; i++)
        if (is_harmless(environ[i]))
            kept[at++] = environ[i];
    return kept;
}

/* In the child: never returns. */
static void become(pid_t parent, const char *name, int *fds, unsigned count, char **environment)
{
    char *arguments[] = {(char *)name, NULL};
    sigset_t none;

    /* The parent ends its children itself; a ^C or systemd's SIGTERM to all must not cut answers
     * off. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        end_process(1);
    for (unsigned i = 0; i < count; i++)
        if ((fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, SAFE_FD)) < 0)
            end_process(1);
    for (unsigned i = 0; i < count; i++)
        if (dup2(fds[i], CHILD_CONTROL + (int)i) < 0)
            end_process(1);
    close_range(CHILD_CONTROL + count, ~0U, 0);
    execve("/proc/self/exe", arguments, environment);
    end_process(127);
}

static bool start(const char *name, const int *fds, unsigned count, bool whole_environment,
                  struct child *child)
{
    char **environment = whole_environment ? environ : small_environment();
    pid_t parent = getpid();
    int control[2], given[FDS_MAX + 1];

    if (!environment || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0) {
        log_error("%s cannot be started: %s.", name, strerror(errno));
        if (!whole_environment)
            free(environment);
        return false;
    }
    given[0] = control[1];
    memcpy(given + 1, fds, count * sizeof *fds);
    child->pid = fork();
    if (child->pid == 0)
        become(parent, name, given, count + 1, environment);
    close(control[1]);
    if (!whole_environment)
        free(environment);
    if (child->pid < 0) {
        log_error("%s cannot be started: %s.", name, strerror(errno));
        close(control[0]);
        child->pid = 0;
        return false;
    }
    child->control = control[0];
    child->kill_ms = child->silent_ms = 0;
    return true;
}

void child_hear(struct child *child)
{
    struct control message;
    enum control_got got = CONTROL_NONE;
    int fd;

    for (unsigned i = 0; i < CONTROL_BATCH; i++) {
        got = control_receive(child->control, false, &message, &fd);
        if (got != CONTROL_GOT)
            break;
        if (fd >= 0)
            close(fd);
        child->silent_ms = 0;
    }
    if (got == CONTROL_CLOSED) {
        close(child->control);
        child->control = -1;
    }
}

void child_forget(struct child *child)
{
    if (child->control >= 0)
        close(child->control);
    *child = (struct child){.control = -1};
}

static bool start_auditor_and_front(struct parent *parent, const int *channel)
{
    struct control options = {.kind = CONTROL_OPTIONS, .options = parent->settings.options};
    int auditor[] = {parent->log_fd, channel[0]};
    int front[] = {parent->listener.fd, channel[1]};

    return start(AUDITOR_NAME, auditor, 2, false, &parent->auditor) &&
           control_send(parent->auditor.control, &options, -1) &&
           start(FRONT_NAME, front, 2, false, &parent->front) &&
           control_send(parent->front.control, &options, -1);
}

bool children_start(struct parent *parent)
{
    int channel[2];
    bool good;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0) {
        log_error("No channel can be made: %s.", strerror(errno));
        return false;
    }
    good = start_auditor_and_front(parent, channel);
    close(channel[0]);
    close(channel[1]);
    memset(&parent->published, 0, sizeof parent->published);
    parent->log_gone = false; /* the new auditor does not know */
    parent->started_all_ms = clock_ms();
    return good;
}

bool child_start_worker(struct parent *parent, unsigned slot, const struct settings *settings)
{
    struct worker_slot *worker = &parent->workers[slot];
    struct control results = {
        .kind = CONTROL_WORKER_RESULTS, .slot = slot, .generation = worker->generation + 1};
    char name[sizeof WORKER_NAME + 10];
    int jobs[2] = {-1, -1}, channel[2] = {-1, -1};
    bool good = false;

    snprintf(name, sizeof name, WORKER_NAME "%u", slot);
    atomic_store(&parent->shared->slots[slot].deadline_ms, 0);
    atomic_store(&parent->shared->slots[slot].logging_in, false);
    worker->pin = pin_mark_take(&settings->conf->token);
    worker->module = pin_mark_of_module(&settings->conf->token);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, jobs) == 0 &&
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) == 0) {
        int fds[] = {jobs[0], channel[0], parent->shared_fd, settings->fd, parent->login_fd};

        /* The auditor first: whatever becomes of the worker, it will see the end of this channel.
         */
        good = control_send(parent->auditor.control, &results, channel[1]) &&
               start(name, fds, 5, true, &worker->child);
    }
    if (good) {
        worker->jobs = jobs[1];
        jobs[1] = -1;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (jobs[i] >= 0)
            close(jobs[i]);
        if (channel[i] >= 0)
            close(channel[i]);
    }
    worker->generation++;
    worker->failed = false;
    return good;
}

static void kill_all(struct parent *parent, bool gently)
{
    if (parent->front.pid > 0)
        kill(parent->front.pid, SIGKILL);
    if (parent->auditor.pid > 0)
        kill(parent->auditor.pid, SIGKILL);
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (parent->workers[i].child.pid > 0 &&
            !(gently && atomic_load(&parent->shared->slots[i].logging_in)))
            kill(parent->workers[i].child.pid, SIGKILL);
}

void children_kill(struct parent *parent)
{
    kill_all(parent, false);
}

void children_kill_gently(struct parent *parent)
{
    kill_all(parent, true);
}

bool children_any(const struct parent *parent)
{
    for (unsigned i = 0; i < WORKER_SLOTS; i++)
        if (parent->workers[i].child.pid > 0)
            return true;
    return parent->front.pid > 0 || parent->auditor.pid > 0;
}
