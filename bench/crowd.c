/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crowd around a daemon that is being measured, in one process: connections that do nothing, ones
 * that send a request a byte at a time, ones that ask and do not read, and ones that pipeline
 * thousands and read. It says "ready" when all are there, and ends with its stdin.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "bench/request.h"
#include "bench/samples.h"
#include "wire/frame.h"
#include "wire/message.h"

/* How often a byte is sent. */
#define BYTE_MS 20
#define REQUESTS_AT_ONCE 200

struct member {
    int fd;
    size_t sent; /* bytes of what it sends over and over */
};

struct crowd {
    unsigned idle, dribbling, deaf, greedy;
    uint8_t requests[REQUESTS_AT_ONCE * 1300];
    size_t one, all; /* bytes of one request, and of all */
    struct member *members;
};

static int join(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        perror("crowd: connect");
        exit(1);
    }
    return fd;
}

static void encode(struct crowd *crowd, const char *key, const char *kek)
{
    struct frame_out out = {0};
    keyferry_ExportKeyRequest request;
    const uint8_t *data;

    bench_request(key, kek, &request);
    for (unsigned i = 0; i < REQUESTS_AT_ONCE; i++) {
        uint8_t *at = frame_out_begin(&out, 1200);

        frame_out_end(&out,
                      wire_request_encode(i + 1, keyferry_Operation_OPERATION_EXPORT_KEY,
                                          keyferry_ExportKeyRequest_fields, &request, at, 1200));
        if (i == 0)
            frame_out_data(&out, &crowd->one);
    }
    data = frame_out_data(&out, &crowd->all);
    memcpy(crowd->requests, data, crowd->all);
    frame_out_free(&out);
}

/* Sends on what it sends over and over, at most len bytes of it. */
static void send_on(const struct crowd *crowd, struct member *member, size_t round, size_t len)
{
    ssize_t sent;

    if (len > round - member->sent)
        len = round - member->sent;
    sent = send(member->fd, crowd->requests + member->sent, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0)
        member->sent = (member->sent + (size_t)sent) % round;
}

static void read_all(const struct member *member)
{
    static uint8_t bytes[1 << 16];

    while (recv(member->fd, bytes, sizeof bytes, MSG_DONTWAIT) == sizeof bytes)
        ;
}

/* Until stdin ends. Those that are slow are looked at every BYTE_MS, the greedy when they can go
 * on.
 */
static void go_on(struct crowd *crowd)
{
    struct member *dribbling = crowd->members + crowd->idle;
    struct member *deaf = dribbling + crowd->dribbling, *greedy = deaf + crowd->deaf;
    struct pollfd *fds = calloc(crowd->greedy + 1, sizeof *fds);
    uint64_t next = 0;

    fds[0] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    for (unsigned i = 0; i < crowd->greedy; i++)
        fds[i + 1] = (struct pollfd){greedy[i].fd, POLLIN | POLLOUT, 0};
    while (fds[0].revents == 0) {
        uint64_t now = sample_now_ns() / 1000000;

        if (now >= next) {
            next = now + BYTE_MS;
            for (unsigned i = 0; i < crowd->dribbling; i++) {
                send_on(crowd, &dribbling[i], crowd->one, 1);
                read_all(&dribbling[i]);
            }
            for (unsigned i = 0; i < crowd->deaf; i++)
                send_on(crowd, &deaf[i], crowd->all, crowd->all);
        }
        for (unsigned i = 0; i < crowd->greedy; i++) {
            if (fds[i + 1].revents & POLLIN)
                read_all(&greedy[i]);
            if (fds[i + 1].revents & POLLOUT)
                send_on(crowd, &greedy[i], crowd->all, crowd->all);
        }
        poll(fds, crowd->greedy + 1, (int)(next - now));
    }
    free(fds);
}

static void raise_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

int main(int argc, char **argv)
{
    static struct crowd crowd;
    const char *path = getenv("KEYFERRY_SOCKET");
    unsigned count;

    if (argc != 7 || !path) {
        fprintf(stderr, "Usage: crowd KEY KEK IDLE DRIBBLING DEAF GREEDY (numbers of connections; "
                        "KEYFERRY_SOCKET says where to)\n");
        return 2;
    }
    crowd.idle = (unsigned)strtoul(argv[3], NULL, 10);
    crowd.dribbling = (unsigned)strtoul(argv[4], NULL, 10);
    crowd.deaf = (unsigned)strtoul(argv[5], NULL, 10);
    crowd.greedy = (unsigned)strtoul(argv[6], NULL, 10);
    encode(&crowd, argv[1], argv[2]);
    raise_files();
    count = crowd.idle + crowd.dribbling + crowd.deaf + crowd.greedy;
    crowd.members = calloc(count, sizeof *crowd.members);
    for (unsigned i = 0; crowd.members && i < count; i++)
        crowd.members[i].fd = join(path);
    puts("ready");
    fflush(stdout);
    go_on(&crowd);
    free(crowd.members);
    return 0;
}
