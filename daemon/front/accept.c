/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting connections, and refusing those beyond the limit with an answer. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/front/front.h"
#include "daemon/front/policy.h"
#include "daemon/process.h"

/* Connections taken in one round of the loop, so that those that are there get their turn. */
#define ACCEPT_BATCH 32
/* Bytes of refusals on their way to the auditor, beyond which nobody is taken: who is turned away
 * has no place in the table of jobs, so nothing else bounds them. */
#define REFUSALS_MAX_BYTES (1024 * 1024)
/* How long to wait where descriptors or memory are short. */
#define ACCEPT_PAUSE_MS 100

static void turn_away(struct front *front, int fd, const struct peer *peer, bool stranger,
                      const char *why)
{
    uint8_t frame[FRAME_HEADER + WIRE_ENVELOPE_MAX];
    size_t len =
        refuse_connection(front, peer, stranger, why, frame + FRAME_HEADER, WIRE_ENVELOPE_MAX);

    frame_put_u32(frame, (uint32_t)len);
    /* A fresh socket has room for this; a client that is gone already needs no answer. */
    (void)send(fd, frame, FRAME_HEADER + len, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

/* A quarter of the places, one at least, is kept from each user for the others. */
static bool has_too_many(const struct front *front, const struct user *user)
{
    unsigned limit = front->options.limits.connections;

    return user->connections > 0 && user->connections >= limit - (limit + 3) / 4;
}

/* Those who may do nothing share a quarter, so that not even several of them shut out others. */
static bool has_too_many_strangers(const struct front *front)
{
    return front->strangers >= (front->options.limits.connections + 3) / 4;
}

/* Keeps the connection, or says why not. */
static void take_from(struct front *front, int fd, const struct peer *peer, bool member,
                      struct user *user)
{
    bool stranger = !policy_allows(peer->uid, member, front->options.owner, CLASS_VIEW);

    if (front->connection_count >= front->options.limits.connections) {
        turn_away(front, fd, peer, stranger,
                  "Too many connections are open (limits.connections); try again later.");
    } else if (user && has_too_many(front, user)) {
        turn_away(front, fd, peer, stranger,
                  "This user has three quarters of all connections open (limits.connections); "
                  "close some, or try again later.");
    } else if (stranger && has_too_many_strangers(front)) {
        turn_away(front, fd, peer, stranger,
                  "Users who may do nothing here have a quarter of all connections open "
                  "(limits.connections); try again later.");
    } else if (!user || !connection_open(front, fd, peer, member, user)) {
        log_error("A connection cannot be kept: memory is short.");
        close(fd);
    }
    if (user)
        user_release(front, user);
}

static void take(struct front *front, int fd)
{
    struct peer peer;
    bool member;

    if (!peer_read(fd, front->options.has_group, front->options.group, &peer, &member)) {
        log_warning("The kernel does not say who connected; the connection is closed.");
        close(fd);
    } else {
        take_from(front, fd, &peer, member, user_of(front, peer.uid));
    }
}

static size_t refusals_waiting(const struct front *front)
{
    size_t len;

    frame_out_data(&front->results, &len);
    return len;
}

static void accept_again(uv_timer_t *timer)
{
    struct front *front = timer->data;

    if (front->listening)
        watch_set(&front->listener, UV_READABLE);
}

static void pause_accepting(struct front *front)
{
    watch_set(&front->listener, 0);
    uv_timer_start(&front->accept_again, accept_again, ACCEPT_PAUSE_MS, 0);
}

static void on_listener(uv_poll_t *poll, int status, int events)
{
    struct front *front = poll->data;

    (void)status;
    (void)events;
    if (refusals_waiting(front) > REFUSALS_MAX_BYTES) {
        pause_accepting(front);
        return;
    }
    for (unsigned i = 0; i < ACCEPT_BATCH; i++) {
        int fd = accept4(front->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            take(front, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_warning("No connection can be accepted for now: descriptors or memory are short.");
            pause_accepting(front);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

bool listener_open(struct front *front)
{
    uv_timer_init(&front->loop, &front->accept_again);
    front->accept_again.data = front;
    if (!watch_open(&front->listener, &front->loop, FRONT_LISTEN, front, on_listener))
        return false;
    front->listening = true;
    watch_set(&front->listener, UV_READABLE);
    return true;
}

void listener_close(struct front *front)
{
    if (front->listening)
        watch_close(&front->listener, NULL);
    front->listening = false;
}
