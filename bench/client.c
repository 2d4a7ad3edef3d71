/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of a running daemon, each a process with one connection of libkeyferry's that keeps a
 * window of exports in flight. */
#include <pb_encode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/request.h"
#include "bench/samples.h"
#include "client/keyferry.h"
#include "wire/keyferry.pb.h"

#define WARM_UP 200
#define WINDOW_MAX 1024

struct client {
    uint8_t body[1200];
    size_t body_len;
    unsigned window;
};

/* When each request that is in flight was sent, by its id modulo the window's bound: a window's ids
 * differ by less. */
struct flight {
    struct kf_client *client;
    uint64_t sent_ns[WINDOW_MAX];
};

static bool complain(const char *message)
{
    fprintf(stderr, "client: %s\n", message);
    return false;
}

static bool send_one(struct flight *flight, const struct client *what)
{
    struct kf_client_error error = {0};
    uint64_t id, now = sample_now_ns();

    if (!kf_client_send(flight->client, KF_CLIENT_EXPORT_KEY, what->body, what->body_len, &id,
                        &error))
        return complain(error.message);
    flight->sent_ns[id % WINDOW_MAX] = now;
    return true;
}

static bool receive_one(struct flight *flight, uint64_t *sent_ns)
{
    struct kf_client_error error = {0};
    struct kf_client_reply reply;

    if (!kf_client_receive(flight->client, &reply, &error))
        return complain(error.message);
    if (reply.status != KF_CLIENT_OK)
        return complain(reply.message);
    *sent_ns = flight->sent_ns[reply.id % WINDOW_MAX];
    return true;
}

static bool measure(struct samples *samples, void *context)
{
    const struct client *what = context;
    struct kf_client_error error = {0};
    static struct flight flight;
    uint64_t sent_ns;
    bool good = true;

    flight.client = kf_client_open(NULL, &error);
    if (!flight.client)
        return complain(error.message);
    for (unsigned i = 0; good && i < what->window; i++)
        good = send_one(&flight, what);
    for (unsigned i = 0; good && i < WARM_UP; i++)
        good = receive_one(&flight, &sent_ns) && send_one(&flight, what);
    if (good)
        sample_ready(samples);
    while (good && (good = receive_one(&flight, &sent_ns)) && sample_done(samples, sent_ns))
        good = send_one(&flight, what);
    kf_client_close(flight.client);
    return good;
}

static bool encode(const char *key, const char *kek, struct client *what)
{
    keyferry_ExportKeyRequest request;
    pb_ostream_t stream = pb_ostream_from_buffer(what->body, sizeof what->body);

    bench_request(key, kek, &request);
    if (!pb_encode(&stream, keyferry_ExportKeyRequest_fields, &request))
        return complain("the request is too long");
    what->body_len = stream.bytes_written;
    return true;
}

int main(int argc, char **argv)
{
    static struct client what;

    if (argc == 6)
        what.window = (unsigned)strtoul(argv[4], NULL, 10);
    if (what.window < 1 || what.window > WINDOW_MAX) {
        fprintf(stderr, "Usage: client KEY KEK CONNECTIONS WINDOW SECONDS (WINDOW up to %d)\n",
                WINDOW_MAX);
        return 2;
    }
    if (!encode(argv[1], argv[2], &what))
        return 1;
    return samples_run((unsigned)strtoul(argv[3], NULL, 10), strtod(argv[5], NULL), measure, &what)
               ? 0
               : 1;
}
