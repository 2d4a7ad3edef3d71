/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's service over the mock module, for sweeps of thousands of faults: it is opened once,
 * and each case is a fork of it, so that none pays for a worker's start and none inherits another's
 * harm. The usage is faulty_worker CONFIG [start]; a case is a line of standard input,
 *
 *   REQUEST GOOD UNDO   each a Request without its length, in hexadecimal, or "-"
 *
 * and its answer, on standard output, the lines
 *
 *   before TOKEN
 *   request RESPONSE FAULT TOKEN SESSION
 *   good RESPONSE FAULT TOKEN SESSION      in the same process, unless FAULT ends the worker
 *   end STATUS                             of waitpid
 *
 * with RESPONSE in hexadecimal, FAULT as enum kf_fault, and the numbers of objects that the token
 * and the session have then. Script and log are the mock's for REQUEST alone. What a case has made
 * in the token is destroyed at its end.
 *
 * With "start" the script is in force while the worker starts, and nothing else happens: the answer
 * is "ready CAN SESSION", how many operations the token has proven and how many objects there are
 * in the session, or "failed FAULT MESSAGE".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/log.h"
#include "daemon/ipc.h"
#include "daemon/worker/service_internal.h"
#include "p11/calls.h"

#define SCRIPT "KEYFERRY_MOCK_SCRIPT"
#define LOG "KEYFERRY_MOCK_LOG"

struct objects {
    CK_OBJECT_HANDLE *handles;
    size_t count;
};

/* Where the mock's script and log are; NULL: nowhere. */
struct orders {
    char *script, *log;
};

static struct host_state host;
static uint8_t frame[WIRE_FRAME_DEFAULT], response[RESPONSE_MAX];
static char record[RECORD_MAX], printed[2 * RESPONSE_MAX + 1];

static struct objects find(struct service *service, bool in_token)
{
    struct objects objects = {NULL, 0};
    struct p11_template query = {0};
    struct kf_error err = {0};

    template_flag(&query, CKA_TOKEN, in_token);
    if (p11_find_objects(service->session, query.attributes, query.count, &objects.handles,
                         &objects.count, &err) != CKR_OK) {
        fprintf(stderr, "faulty_worker: the objects cannot be counted: %s\n", err.detail);
        abort();
    }
    return objects;
}

static size_t count(struct service *service, bool in_token)
{
    struct objects objects = find(service, in_token);

    free(objects.handles);
    return objects.count;
}

static void destroy_new(struct service *service, const struct objects *before)
{
    struct objects after = find(service, true);
    struct kf_error err = {0};

    for (size_t i = 0; i < after.count; i++) {
        size_t at = 0;

        while (at < before->count && before->handles[at] != after.handles[i])
            at++;
        if (at == before->count)
            p11_destroy_object(service->session, after.handles[i], &err);
    }
    free(after.handles);
}

static enum kf_fault handle(struct service *service, const char *hex, size_t *response_len)
{
    struct answer answer = {.response = response,
                            .response_room = sizeof response,
                            .record = record,
                            .record_room = sizeof record};
    struct job job = {.number = 1, .peer = {getuid(), getgid(), getpid()}};
    size_t len = strlen(hex) / 2;

    if (len > sizeof frame || !hex_decode(hex, len, frame) ||
        !wire_request_decode(frame, len, &job.request)) {
        fprintf(stderr, "faulty_worker: not a request: %.80s\n", hex);
        abort();
    }
    service_handle(service, &job, &answer);
    *response_len = answer.response_len;
    return answer.fault;
}

/* NULL where they are not in force. */
static void follow(const char *script, const char *log)
{
    unsetenv(SCRIPT);
    unsetenv(LOG);
    if (script)
        setenv(SCRIPT, script, 1);
    if (log)
        setenv(LOG, log, 1);
}

static enum kf_fault step(struct service *service, const char *name, const char *hex)
{
    struct kf_error err = {0};
    size_t len;
    enum kf_fault fault = handle(service, hex, &len);

    follow(NULL, NULL);
    /* A worker that ends leaves no operation behind that would be in the way of counting. */
    if (fault != KF_FAULT_NONE && !p11_session_renew(service->session, &err))
        abort();
    hex_encode(response, len, printed);
    printf("%s %s %d %zu %zu\n", name, printed, (int)fault, count(service, true),
           count(service, false));
    fflush(stdout);
    return fault;
}

static void run(struct service *service, const struct orders *orders, const char *request,
                const char *good, const char *undo)
{
    struct objects before = find(service, true);
    enum kf_fault fault = KF_FAULT_NONE;
    size_t len;

    printf("before %zu\n", before.count);
    fflush(stdout);
    follow(orders->script, orders->log);
    if (strcmp(request, "-") != 0)
        fault = step(service, "request", request);
    if (strcmp(good, "-") != 0 && fault == KF_FAULT_NONE)
        step(service, "good", good);
    if (strcmp(undo, "-") != 0)
        handle(service, undo, &len);
    destroy_new(service, &before);
    free(before.handles);
}

static void fork_and_run(struct service *service, const struct orders *orders, char *line)
{
    const char *request = strtok(line, " \n"), *good = strtok(NULL, " \n");
    const char *undo = strtok(NULL, " \n");
    int status = 0;
    pid_t pid;

    if (!request || !good || !undo)
        abort();
    pid = fork();
    if (pid == 0) {
        run(service, orders, request, good, undo);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    printf("end %d\n", status);
    fflush(stdout);
}

static char *copy_variable(const char *name)
{
    const char *value = getenv(name);

    return value ? strdup(value) : NULL;
}

static void serve(struct service *service, const struct orders *orders)
{
    char *line = NULL;
    size_t room = 0;

    printf("ready\n");
    fflush(stdout);
    while (getline(&line, &room, stdin) > 0)
        fork_and_run(service, orders, line);
    free(line);
}

/* As a worker ends whose start has failed, or at once: service may be NULL. */
static void report_start(struct service *service, const struct kf_error *err)
{
    size_t proven = 0;

    follow(NULL, NULL);
    if (!service) {
        printf("failed %d %s\n", (int)err->fault, err->message);
        return;
    }
    for (size_t i = 0; i < P11_OPERATIONS; i++)
        proven += service->token.ways[i].proven;
    printf("ready %zu %zu\n", proven, count(service, false));
}

int main(int argc, char **argv)
{
    struct kf_error err = {0};
    bool start = argc == 3 && strcmp(argv[2], "start") == 0;
    struct conf *conf = argc == 2 || start ? conf_load(argv[1], &err) : NULL;
    struct orders orders = {copy_variable(SCRIPT), copy_variable(LOG)};
    struct service *service;
    int status = 0;

    if (!start)
        follow(NULL, NULL);
    log_setup("faulty worker", LOG_LEVEL_ERROR);
    service = conf ? service_open(conf, start ? 0 : 1, &host, NULL, &err) : NULL;
    if (start) {
        report_start(service, &err);
    } else if (service) {
        serve(service, &orders);
    } else {
        fprintf(stderr, "faulty_worker: %s %s\n", err.message, err.detail);
        status = 1;
    }
    free(orders.script);
    free(orders.log);
    service_close(service);
    conf_free(conf);
    return status;
}
