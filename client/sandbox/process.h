/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two processes of a sandbox, the daemon and COMMAND, and the signals that tell of them. One
 * loop waits for everything with a deadline; it knows nothing of tokens or configuration.
 */
#ifndef KF_CLIENT_SANDBOX_PROCESS_H
#define KF_CLIENT_SANDBOX_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct sandbox_process {
    pid_t pid; /* 0: never started */
    bool ended;
    int status; /* as wait(2) has it, once ended */
};

struct sandbox_loop {
    int signals;        /* signalfd */
    int notify;         /* the daemon's sd_notify messages, -1 without */
    int log;            /* the daemon's log to copy to stderr, -1 without */
    bool ready;         /* the daemon said READY=1 */
    int interrupted_by; /* the first SIGTERM, SIGINT or SIGHUP somebody sent us, else 0 */
    struct sandbox_process daemon, command;
};

/* Blocks the signals and opens the descriptors; notify_path is made. */
bool sandbox_loop_open(struct sandbox_loop *loop, const char *notify_path, struct kf_error *err);

void sandbox_loop_close(struct sandbox_loop *loop);

/* Waits for at most this many milliseconds (-1: for ever) until something happened, and takes note
 * of it. Signals sent to the sandbox are passed on to COMMAND while it runs. */
void sandbox_loop_wait(struct sandbox_loop *loop, int milliseconds);

/* The daemon: in a session of its own, so that a terminal's Ctrl-C does not reach it; stderr and
 * stdout to log_path. It gets SIGTERM should the sandbox die. */
bool sandbox_start_daemon(struct sandbox_loop *loop, const char *path, char *const argv[],
                          const char *log_path, struct kf_error *err);
bool sandbox_start_command(struct sandbox_loop *loop, char *const argv[], struct kf_error *err);

/* SIGTERM, and after ten seconds SIGKILL for its whole session. An end that is not a good one is
 * said. */
void sandbox_stop_daemon(struct sandbox_loop *loop);

/* As a shell would say it: the status, or 128 and the signal. */
int sandbox_exit_status(int wait_status);

#endif
