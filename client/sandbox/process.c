/* SPDX-License-Identifier: Apache-2.0 */
/* fork, exec, wait, and one poll loop over signals and the daemon's notifications. */
#include "client/sandbox/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/end.h"

#define FAIL(err, ...) kf_fail(err, KF_UNAVAILABLE, __VA_ARGS__)
#define STOP_MILLISECONDS 10000
#define LOG_MILLISECONDS 100 /* how often a log that is shown is looked at */

static void watched_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGQUIT);
    sigaddset(set, SIGHUP);
}

static int open_notify(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || strlen(path) >= sizeof address.sun_path)
        return -1;
    strcpy(address.sun_path, path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool sandbox_loop_open(struct sandbox_loop *loop, const char *notify_path, struct kf_error *err)
{
    sigset_t set;

    *loop = (struct sandbox_loop){.notify = -1, .log = -1};
    watched_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    loop->notify = open_notify(notify_path);
    if (loop->signals < 0 || loop->notify < 0)
        return FAIL(err, "No descriptors to wait for the daemon: %s.", strerror(errno));
    return true;
}

void sandbox_loop_close(struct sandbox_loop *loop)
{
    int *const open[] = {&loop->signals, &loop->notify, &loop->log};

    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        if (*open[i] >= 0)
            close(*open[i]);
        *open[i] = -1;
    }
}

static void reap(struct sandbox_loop *loop)
{
    struct sandbox_process *const ours[] = {&loop->daemon, &loop->command};
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
            if (pid == ours[i]->pid) {
                ours[i]->ended = true;
                ours[i]->status = status;
            }
        }
    }
}

static void take_signals(struct sandbox_loop *loop)
{
    struct signalfd_siginfo info;

    while (read(loop->signals, &info, sizeof info) == sizeof info) {
        int signal = (int)info.ssi_signo;

        if (signal == SIGCHLD) {
            reap(loop);
            continue;
        }
        if (!loop->interrupted_by)
            loop->interrupted_by = signal;
        /* What a terminal sends reaches COMMAND by itself. */
        if (info.ssi_code != SI_KERNEL && loop->command.pid > 0 && !loop->command.ended)
            kill(loop->command.pid, signal);
    }
}

static void take_notifications(struct sandbox_loop *loop)
{
    char text[512];
    ssize_t len;

    while ((len = recv(loop->notify, text, sizeof text - 1, 0)) >= 0) {
        char *rest = text;
        const char *line;

        text[len] = '\0';
        while ((line = strsep(&rest, "\n"))) {
            if (strcmp(line, "READY=1") == 0)
                loop->ready = true;
        }
    }
}

static void copy_log(int log)
{
    char text[4096];
    ssize_t len;

    while (log >= 0 && (len = read(log, text, sizeof text)) > 0) {
        if (write(STDERR_FILENO, text, (size_t)len) != len)
            return;
    }
}

void sandbox_loop_wait(struct sandbox_loop *loop, int milliseconds)
{
    struct pollfd watched[] = {{.fd = loop->signals, .events = POLLIN},
                               {.fd = loop->notify, .events = POLLIN}};

    if (loop->log >= 0 && (milliseconds < 0 || milliseconds > LOG_MILLISECONDS))
        milliseconds = LOG_MILLISECONDS;
    if (poll(watched, 2, milliseconds) > 0) {
        take_signals(loop);
        take_notifications(loop);
    }
    copy_log(loop->log);
}

/* In the child: signals as our own caller had them, then exec. */
static void become(const char *path, char *const argv[])
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(path, argv);
    fprintf(stderr, "keyferry-sandbox: %s cannot be run: %s\n", path, strerror(errno));
    end_process(errno == ENOENT ? 127 : 126);
}

bool sandbox_start_daemon(struct sandbox_loop *loop, const char *path, char *const argv[],
                          const char *log_path, struct kf_error *err)
{
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_t sandbox = getpid();

    if (log < 0)
        return FAIL(err, "%s cannot be written: %s.", log_path, strerror(errno));
    loop->daemon.pid = fork();
    if (loop->daemon.pid == 0) {
        setsid();
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != sandbox)
            end_process(1);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        become(path, argv);
    }
    close(log);
    if (loop->daemon.pid > 0)
        return true;
    loop->daemon.pid = 0;
    return FAIL(err, "fork: %s.", strerror(errno));
}

bool sandbox_start_command(struct sandbox_loop *loop, char *const argv[], struct kf_error *err)
{
    loop->command.pid = fork();
    if (loop->command.pid == 0)
        become(argv[0], argv);
    if (loop->command.pid > 0)
        return true;
    loop->command.pid = 0;
    return FAIL(err, "fork: %s.", strerror(errno));
}

void sandbox_stop_daemon(struct sandbox_loop *loop)
{
    long deadline = (long)clock_ms() + STOP_MILLISECONDS;

    if (loop->daemon.pid == 0 || loop->daemon.ended)
        return;
    kill(loop->daemon.pid, SIGTERM);
    while (!loop->daemon.ended && (long)clock_ms() < deadline)
        sandbox_loop_wait(loop, (int)(deadline - (long)clock_ms()) + 1);
    if (loop->daemon.ended) {
        if (loop->daemon.status != 0)
            fprintf(stderr, "keyferry-sandbox: the daemon ended with status %d\n",
                    sandbox_exit_status(loop->daemon.status));
        return;
    }
    fprintf(stderr, "keyferry-sandbox: the daemon did not end in time and was killed\n");
    kill(-loop->daemon.pid, SIGKILL);
    while (!loop->daemon.ended)
        sandbox_loop_wait(loop, -1);
}

int sandbox_exit_status(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
