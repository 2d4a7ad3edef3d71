/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon's own processes say to each other. All of them are one program, so structures
 * travel as they are.
 *
 * Control: a SOCK_SEQPACKET pair between the parent and each child, one struct control a packet,
 * with a descriptor where a channel is handed over.
 *
 * Channels: SOCK_STREAM pairs with the framing of wire/frame.h (numbers big-endian):
 *   front -> worker     jobs:    number u64, uid u32, gid u32, pid u32, operation u32, id u64, body
 *   worker -> front     credit:  single bytes, each how many more jobs the worker has done with (no
 * frames) worker -> auditor   results: number u64, length of the response u32, response, record
 *   front -> auditor    the same, for what the front refuses
 *   auditor -> front    answers: kind u8, number u64, origin u64, bytes
 */
#ifndef KF_DAEMON_IPC_H
#define KF_DAEMON_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "conf/conf.h"
#include "daemon/record.h"
#include "daemon/worker/service.h"
#include "wire/frame.h"

/* Descriptors a child is born with. */
enum child_fd {
    CHILD_CONTROL = 3,
    FRONT_LISTEN = 4,
    FRONT_AUDITOR = 5,
    AUDITOR_LOG = 4,
    AUDITOR_FRONT = 5,
    WORKER_JOBS = 4,
    WORKER_RESULTS = 5,
    WORKER_SHARED = 6,
    WORKER_CONF = 7,
    WORKER_LOGIN = 8,
};

/* What the front has beside connections: those above, the loop's, two for each worker's place, one
 * that is turned away. */
#define FRONT_OTHER_FDS (32 + 2 * WORKER_SLOTS)

/* The names the roles have in argv[0]; a worker's number follows. */
#define FRONT_NAME "keyferryd: front"
#define AUDITOR_NAME "keyferryd: auditor"
#define WORKER_NAME "keyferryd: worker "

/* Workers have numbers, which are their places in every table. One more than there can be workers
 * is the bridge: the first worker under a new configuration, which proves it, and serves while the
 * others are replaced. */
#define WORKER_BRIDGE CONF_WORKERS_MAX
#define WORKER_SLOTS (CONF_WORKERS_MAX + 1)

/* A whole Response, and a job or result around a request or response. */
#define RESPONSE_MAX WIRE_FRAME_DEFAULT
#define JOB_HEAD 32
#define RESULT_HEAD 12
#define RESULT_FRAME_MAX (RESULT_HEAD + RESPONSE_MAX + RECORD_MAX)
#define ANSWER_HEAD 17
#define ANSWER_FRAME_MAX (ANSWER_HEAD + RESPONSE_MAX)

#define ALIVE_MS 1000
/* How much longer than a job may take a process may not be heard of: several times what it takes a
 * loaded machine to let one run again. */
#define STALL_MARGIN_MS 5000

enum control_kind {
    /* parent -> front, auditor: the first message, before any other, and again when the
     * configuration was changed. To the front then perhaps with a descriptor, which is one worker's
     * as with CONTROL_WORKER_UP: all others get no more jobs. */
    CONTROL_OPTIONS = 1,
    CONTROL_WORKER_UP,      /* parent -> front: a worker is ready; descriptor: jobs */
    CONTROL_WORKER_RETIRE,  /* parent -> front: it gets no more jobs, and ends with its last */
    CONTROL_WORKER_RESULTS, /* parent -> auditor: a worker begins; descriptor: results */
    CONTROL_WORKER_GONE, /* parent -> auditor: its process has ended, nothing more can come from it
                          */
    CONTROL_LOG,    /* parent -> auditor: go on in this log; without a descriptor: there is none */
    CONTROL_STATE,  /* parent -> front: what status answers */
    CONTROL_DRAIN,  /* parent -> front: answer what is under way and end */
    CONTROL_ALIVE,  /* front, auditor -> parent: every ALIVE_MS */
    CONTROL_READY,  /* worker -> parent: the token is open */
    CONTROL_FAILED, /* worker -> parent: it is not, or no longer, and the worker ends */
};

/* What front and auditor know of the configuration. */
struct control_options {
    enum log_level log_level;
    uint32_t max_frame;
    uint32_t workers;
    uint64_t started_ms; /* clock_ms() when the daemon began */
    uid_t owner;         /* the daemon's own uid */
    gid_t group;         /* whose members may view and export, where has_group */
    bool has_group;
    struct conf_limits limits;
};

enum daemon_state { STATE_DOWN, STATE_DEGRADED, STATE_READY };

struct control {
    enum control_kind kind;
    uint32_t slot;       /* of a worker */
    uint32_t generation; /* of the worker in that slot: 1, 2 and so on */
    union {
        struct control_options options;
        struct {
            enum daemon_state state;
            uint32_t workers_ready;
            char reason[KF_MESSAGE_MAX];
            int64_t configured;           /* when the configuration was read: ms since 1970 */
            char refused[KF_MESSAGE_MAX]; /* why it was not changed when that was last asked for */
        } state;
        struct kf_error failure;
    };
};

/* fd: a descriptor to hand over, or -1. False where the other side is gone or does not keep up.
 * Never blocks. */
bool control_send(int socket, const struct control *message, int fd);

enum control_got { CONTROL_GOT, CONTROL_NONE, CONTROL_CLOSED };

/* Never blocks unless wait is set. *fd is the descriptor that came along, close-on-exec and the
 * caller's, or -1. */
enum control_got control_receive(int socket, bool wait, struct control *message, int *fd);

bool job_put(struct frame_out *out, const struct job *job);
bool job_get(const uint8_t *frame, size_t len, struct job *job);

struct result {
    uint64_t number;
    const uint8_t *response;
    size_t response_len;
    const char *record;
    size_t record_len;
};

/* Completes a frame whose response was written at frame + RESULT_HEAD; returns the frame's length.
 */
size_t result_seal(uint8_t *frame, uint64_t number, size_t response_len, const char *record,
                   size_t record_len);
bool result_get(const uint8_t *frame, size_t len, struct result *result);

enum answer_kind {
    ANSWER_RECORDED = 1, /* bytes: the response; its record is on disk */
    ANSWER_WITHHELD,     /* the record could not be written: no response */
    ANSWER_WORKER_GONE,  /* every result of the worker that is its origin came before this */
    ANSWER_LOG_DOWN,     /* bytes: why the log cannot be written */
    ANSWER_LOG_UP,
};

/* Whose result an answer is, as the auditor knows from the socket it came by: a worker's
 * worker_key, or the front's own. */
#define ORIGIN_FRONT 0

struct answer_head {
    enum answer_kind kind;
    uint64_t number; /* of the job; 0 where it is none's */
    uint64_t origin;
};

bool answer_put(struct frame_out *out, const struct answer_head *head, const void *bytes,
                size_t len);
bool answer_get(const uint8_t *frame, size_t len, struct answer_head *head, const uint8_t **bytes,
                size_t *bytes_len);

/* Generations count from 1, so that no worker's key is ORIGIN_FRONT. */
static inline uint64_t worker_key(uint32_t slot, uint32_t generation)
{
    return (uint64_t)slot << 32 | generation;
}

/* The memory that parent and workers share. */
struct shared {
    struct host_state host;
    struct {
        _Alignas(64) _Atomic uint64_t
            deadline_ms;         /* clock_ms() by which the worker's job must be done; 0: none */
        _Atomic bool logging_in; /* the token has the PIN, and has not answered */
    } slots[WORKER_SLOTS];
};

/* A PIN that the token has taken, and of which nobody knows any more what it makes of it, is
 * presented this seldom (daemon/worker/login.h). */
#define LOGIN_PATIENCE_MS (5 * 60 * 1000)

/* The memory that only the workers share. The parent makes it and looks at it no more: with key and
 * marks in one hand a short PIN can be found by trying all. */
struct login_memory {
    uint64_t key[2];                          /* random */
    _Atomic uint64_t presented[WORKER_SLOTS]; /* a mark of the PIN that each worker presented,
                                                      until it is accepted; 0: none */
    _Atomic uint64_t accepted; /* a mark of the PIN that the token took last; 0: none */
    _Atomic uint32_t lost;     /* how often nobody knew what the token made of it since */
    _Atomic uint64_t lost_ms;  /* clock_ms() of the last time that it was presented all the same */
};

#endif
