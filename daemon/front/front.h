/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front's role: everything that clients can reach. One loop, one thread, and nothing but
 * descriptors: it opens no file, starts no program, knows no PIN, module or key. Private to
 * daemon/front/ but for front_main.
 *
 * How a request goes: read into its connection's buffer; the first whole frame there is looked at
 * (connection.c). What needs no token is answered or refused at once; a job makes its connection
 * wait for its turn (scheduler.h), stays where it is until a worker has room, and is copied once,
 * into the worker's channel (workers.c). The answer comes from the auditor (answers.c) and is
 * appended to what the client has still to read. All writing is done once for all events of a round
 * of the loop (main.c).
 */
#ifndef KF_DAEMON_FRONT_FRONT_H
#define KF_DAEMON_FRONT_FRONT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "daemon/front/allowance.h"
#include "daemon/front/jobs.h"
#include "daemon/front/scheduler.h"
#include "daemon/front/watch.h"
#include "daemon/ipc.h"
#include "daemon/operation.h"

struct worker_link;

/* Somebody who has connections. */
struct user {
    struct share share;
    struct user *next, *previous;
    uid_t uid;
    unsigned connections;
    size_t output; /* of the front's */
};

struct connection {
    struct turn turn; /* must be first: for a worker, or for its next request to be refused */
    struct front *front;
    struct user *user; /* NULL when dead */
    struct watch watch;
    struct connection *next, *previous, *next_unsettled;
    struct peer peer;
    bool member; /* of the configured group */
    struct frame_in in;
    struct frame_out out;
    struct wire_request head; /* the job that waits for a worker; inside in */
    size_t head_len;          /* bytes of its frame; 0: none waits */
    unsigned jobs;            /* under way */
    size_t promised;          /* bytes that their answers may have */
    size_t output;            /* of the front's and its user's */
    uint64_t began_ms; /* when a part of a request was left that is there still; 0: none is */
    uint64_t read_ms;  /* when it last read of the answers that wait for it; 0: none wait */
    bool stranger;     /* may do nothing */
    bool may_refuse;   /* it has waited for that, and may have one request refused */
    bool unsettled;    /* is in the front's list of those */
    bool shut;         /* the client has said that it will send no more */
    bool ended;        /* and everything it sent was read */
    bool poisoned; /* what it sent cannot be followed: nothing more is read, and it is closed when
                      flushed */
    bool dry;      /* no whole frame is left in in */
    bool dead;     /* closed; lives on until its jobs are answered */
};

struct front {
    uv_loop_t loop;
    uv_check_t after_events;
    uv_timer_t accept_again, second;
    struct watch control, listener, auditor;
    struct control_options options;
    struct frame_in answers;  /* from the auditor */
    struct frame_out results; /* to the auditor: refusals */
    struct jobs jobs;
    unsigned refusals; /* of the jobs: refused, and not recorded yet */
    struct scheduler scheduler;
    struct circle refused; /* connections whose next request is refused as soon as there is room */
    struct user *users;
    struct worker_link *workers[WORKER_SLOTS]; /* of the newest generation; NULL: none */
    uint32_t workers_gone[WORKER_SLOTS];       /* the newest generation known to have ended */
    struct connection *connections, *unsettled;
    unsigned connection_count;
    unsigned strangers;                 /* of them: those of peers who may do nothing */
    struct allowance strangers_records; /* refusals of such peers that are recorded */
    uint64_t not_recorded;              /* those that were not, and no record says so yet */
    struct peer last_not_recorded;
    size_t output; /* bytes of answers that clients have not read, or may get */
    bool draining, listening, broken;
    bool log_down;
    char log_reason[KF_MESSAGE_MAX];
    enum daemon_state state;
    uint32_t workers_ready;
    char state_reason[KF_MESSAGE_MAX];
    int64_t configured; /* when the configuration was read: ms since 1970 */
    char reload_failure[KF_MESSAGE_MAX];
};

int front_main(void);

/* accept.c: takes whoever connects, within the limit. */
bool listener_open(struct front *front);
void listener_close(struct front *front);

/* user.c */
/* One of this user id, made where there is none; NULL where memory is short. */
struct user *user_of(struct front *front, uid_t uid);
/* Forgets one that has no connections. */
void user_release(struct front *front, struct user *user);

/* connection.c */
struct connection *connection_open(struct front *front, int fd, const struct peer *peer,
                                   bool member, struct user *user);
/* To be settled at the end of this round of the loop. */
void connection_touch(struct connection *connection);
void connections_touch(struct front *front);
/* Holds it to the front's options as they are now: who it is, and the request that waits, are
 * looked at anew. */
void connection_review(struct connection *connection);
/* Looks at what it sent, writes what it gets, decides what to wait for; closes it where it is done.
 */
void connection_settle(struct connection *connection);
/* Looks at its next frames until one is a job that waits for a worker, or is to be refused and
 * there is no room for that. */
void connection_advance(struct connection *connection);
/* The job that waits for a worker, if any, is the next frame again. */
void connection_take_back(struct connection *connection);
/* Ends those that keep for too long what others could use: half a request, answers not read. */
void connections_end_stalled(struct front *front);
/* Lets those that wait for it have requests refused, one each in turn, as long as there is room. */
void connections_refuse(struct front *front);
/* A job of its own, of an operation of this number, begins, and was answered. */
void connection_job_begun(struct connection *connection, uint32_t operation);
void connection_job_done(struct connection *connection, uint32_t operation);

/* refuse.c */
/* Answers without a record: only where nothing of a key is said, and the log need not or cannot say
 * it. */
void answer_directly(struct connection *connection, uint64_t id, enum kf_status status,
                     const char *message);
/* Whether there is room for one more refusal under way. Jobs have theirs, whatever is refused. */
bool refusals_have_room(const struct front *front);
/* Refuses a request: recorded, then answered. The caller has looked that there is room. To somebody
 * who may do nothing, and asks too often, the answer is KF_THROTTLING, and he is only counted: a
 * log that is full stops everybody. */
void refuse(struct connection *connection, uint64_t id, uint32_t operation, enum kf_status status,
            const char *message);
/* The same for a job under way. */
void refuse_job(struct front *front, struct front_job *job, enum kf_status status,
                const char *message);
/* The same for somebody who gets no connection; builds his Response and returns its length. */
size_t refuse_connection(struct front *front, const struct peer *peer, bool stranger,
                         const char *message, uint8_t *response, size_t room);
/* Records how many were only counted, at most once a second. */
void refusals_summarize(struct front *front);
/* Why no job can run now; NULL where it can, or soon will. */
const char *front_obstacle(const struct front *front);
void answer_status(struct connection *connection, uint64_t id);

/* workers.c */
void worker_up(struct front *front, uint32_t slot, uint32_t generation, int fd);
/* Whether one that is there has to wait until the auditor is done with the last one of its slot. */
bool workers_awaited(const struct front *front);
/* All its results were answered: what is left of its jobs was lost with it. */
void worker_gone(struct front *front, uint32_t slot, uint32_t generation);
/* Gives a worker, or all that there are, no more jobs, and closes its channel when those that it
 * has are answered. */
void worker_retire(struct front *front, uint32_t slot, uint32_t generation);
void workers_retire(struct front *front);
/* Closes the channel of a worker that has no jobs: it then ends by itself. */
void worker_close(struct front *front, uint32_t slot);
/* Hands waiting jobs to workers with room, and refuses them where none can run. */
void workers_dispatch(struct front *front);
void workers_flush(struct front *front);

/* options.c */
/* Refusals under way at most, but for jobs that were lost with their worker: few, since each round
 * of the loop goes through as many, and everybody's jobs wait meanwhile. */
#define REFUSALS_MAX 256
/* How many jobs there may be, refusals counted. */
size_t options_jobs(const struct control_options *options);
/* From here on everything is judged by these. */
void options_take(struct front *front, const struct control_options *options);

/* answers.c */
bool auditor_open(struct front *front);
void auditor_flush(struct front *front);

#endif
