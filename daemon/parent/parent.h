/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's role: it reads the configuration, opens what the others need, starts them with fork
 * and exec, restarts what dies, kills what hangs, and talks to systemd. It never sees a byte from a
 * client and loads no module. Private to daemon/parent/ but for parent_main.
 */
#ifndef KF_DAEMON_PARENT_PARENT_H
#define KF_DAEMON_PARENT_PARENT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/ipc.h"
#include "daemon/parent/notify.h"
#include "daemon/parent/pinmark.h"
#include "daemon/parent/settings.h"
#include "daemon/parent/socket.h"

/* Messages taken from a process at once, so that none keeps the others from being heard. */
#define CONTROL_BATCH 8

/* A process; pid 0: none. */
struct child {
    pid_t pid;
    int control;        /* our end; -1 when closed */
    uint64_t kill_ms;   /* when it is killed if it has not ended; 0: never */
    uint64_t silent_ms; /* of front and auditor: how long nothing was heard of it */
};

enum worker_phase {
    WORKER_DOWN,
    WORKER_STARTING,
    WORKER_READY,
    WORKER_LEAVING, /* retired: the front gives it no more jobs, and it ends when it has no more */
};

struct worker_slot {
    struct child child;
    enum worker_phase phase;
    uint32_t generation;
    int jobs;            /* the front's end, until the worker is ready; -1 */
    unsigned failures;   /* in a row */
    uint64_t ready_ms;   /* when it became ready */
    uint64_t retry_ms;   /* when it may be started again */
    struct pin_mark pin; /* the PIN source as it was when the worker was started */
    struct pin_mark module;
    bool failed; /* it has said why it ends */
    struct kf_error failure;
};

enum reload_phase {
    RELOAD_NONE,
    RELOAD_WAITING, /* next is valid; for workers that are opening the token */
    RELOAD_TRIAL,   /* the bridge opens the token under next */
};

struct reload {
    bool asked;
    enum reload_phase phase;
    struct settings next;
    enum conf_change change;      /* what it takes to go there */
    uint64_t unserved_ms;         /* since when, during a trial, nobody serves; 0: somebody does */
    char failure[KF_MESSAGE_MAX]; /* why the last one changed nothing; empty where it did */
};

struct parent {
    const char *conf_path;
    struct settings settings; /* in force */
    struct reload reload;
    struct listener listener;
    int log_fd, shared_fd, login_fd, signal_fd;
    bool log_gone; /* the log is not where it was, and none can be opened there */
    uint64_t log_looked_ms;
    struct shared *shared;
    struct notify notify;
    struct child front, auditor;
    uint64_t stepped_ms; /* when the loop last went round */
    struct worker_slot workers[WORKER_SLOTS];
    bool pin_latched; /* the PIN was refused: no worker starts before its source changes */
    struct pin_mark pin_refused;
    uint64_t pin_latched_ms, pin_looked_ms, module_looked_ms, last_ready_ms;
    struct pin_mark pin_proven;  /* of the source that last logged in */
    bool known;                  /* a worker was ready, or is known to be down */
    char reason[KF_MESSAGE_MAX]; /* the last failure of a worker */
    struct control published;    /* the state that front and systemd know */
    bool restarting; /* front or auditor died: all are ended, and started anew when they are */
    unsigned restarts;
    uint64_t restart_ms, started_all_ms;
    bool draining;
    uint64_t drain_ms; /* when what is left of the workers is killed */
};

/* Runs the daemon with the configuration at path until it is told to end; returns the exit status.
 */
int parent_main(const char *path);

/* Ends everything and, when all have ended, starts everything anew; why is the rest of the sentence
 * "The ...". */
void parent_restart(struct parent *parent, const char *why);

/* children.c */
bool children_start(struct parent *parent);
bool child_start_worker(struct parent *parent, unsigned slot, const struct settings *settings);
void children_kill(struct parent *parent);
/* The same, but a worker that has the PIN with the token may first hear what the token says. */
void children_kill_gently(struct parent *parent);
bool children_any(const struct parent *parent);
/* Takes what front or auditor say, which is only that they are alive. */
void child_hear(struct child *child);
/* Closes our end of what was a child's. */
void child_forget(struct child *child);

/* workers.c */
bool workers_any(const struct parent *parent, enum worker_phase phase);
/* Starts the one of a slot, under these settings, which also say how long it may take to open the
 * token. */
bool worker_start(struct parent *parent, unsigned slot, const struct settings *settings);
void worker_on_control(struct parent *parent, unsigned slot);
/* Its process has ended, with the status of waitpid. */
void worker_on_end(struct parent *parent, unsigned slot, int status);
/* Whether the worker of a slot may be started: one at a time, and worker 0 as long as none is
 * ready, unless the PIN that is there has just been proven. */
bool worker_may_start(const struct parent *parent, unsigned slot, uint64_t now);
/* Kills those past their deadline, starts those that are due; both where needed now. */
void workers_tick(struct parent *parent, uint64_t now);

/* reload.c */
/* On SIGHUP: reads the configuration again, as soon as that can be. */
void reload_ask(struct parent *parent);
/* Does what can be done now towards the configuration that was asked for. */
void reload_tick(struct parent *parent);
/* Whether one is under way. */
bool reload_busy(const struct parent *parent);
/* Whether no other worker may be started before it has gone on. */
bool reload_holds(const struct parent *parent);
/* The bridge has opened the token, or has ended before it did. */
void reload_proven(struct parent *parent);
void reload_failed(struct parent *parent, const char *why);

/* log.c */
/* Looks, now and then and on SIGHUP, whether the audit log is where it should be, and gives the
 * auditor the one that is there. */
void log_tick(struct parent *parent, uint64_t now);

/* state.c */
/* Tells front and systemd how the daemon is, where that has changed. */
void state_publish(struct parent *parent);

#endif
