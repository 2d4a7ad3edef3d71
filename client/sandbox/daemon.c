/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration and start of keyferryd. */
#include "client/sandbox/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/connection.h"

#define FAIL(err, ...) kf_fail(err, KF_UNAVAILABLE, __VA_ARGS__)
#define READY_SECONDS 60
#define ASK_MILLISECONDS 50
#define DOWN_MILLISECONDS 1000
#define LOG_TAIL 4000

/* A string as YAML's single-quoted scalar. */
static char *quoted(const char *text)
{
    char *out = sandbox_text("%*s", (int)(2 * strlen(text) + 2), "");
    char *at = out;

    *at++ = '\'';
    for (; *text; text++) {
        if (*text == '\'')
            *at++ = '\'';
        *at++ = *text;
    }
    *at++ = '\'';
    *at = '\0';
    return out;
}

static void put(FILE *out, const char *key, const char *value)
{
    char *text = quoted(value);

    fprintf(out, "%s: %s\n", key, text);
    free(text);
}

static bool append_file(FILE *out, const char *path, struct kf_error *err)
{
    FILE *in = fopen(path, "re");
    char text[4096];
    size_t len;

    if (!in)
        return FAIL(err, "--config-append: %s cannot be read: %s.", path, strerror(errno));
    while ((len = fread(text, 1, sizeof text, in)) > 0)
        fwrite(text, 1, len, out);
    fclose(in);
    return true;
}

bool sandbox_write_config(const struct sandbox_options *options,
                          const struct sandbox_places *places, const struct sandbox_token *token,
                          struct kf_error *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    bool good = true;

    if (!out)
        return FAIL(err, "Out of memory.");
    fprintf(out, "socket:\n");
    put(out, "  path", places->socket);
    fprintf(out, "workers: %u\n", options->workers);
    fprintf(out, "token:\n");
    put(out, "  module", token->module);
    put(out, "  uri", token->uri);
    put(out, "  pin-file", token->pin_file);
    if (token->init_args)
        put(out, "  init-args", token->init_args);
    if (token->untrusted)
        fprintf(out, "  accept-untrusted: yes\n");
    fprintf(out, "audit:\n");
    put(out, "  path", places->audit_log);
    for (size_t i = 0; good && i < options->append_count; i++)
        good = append_file(out, options->appends[i], err);
    /* What production has to be told, a test may do, where it does not say otherwise. */
    fflush(out);
    if (!strstr(text, "\ncertificates:"))
        fprintf(out, "certificates:\n  anchors:\n    - sha-256: any\n"
                     "      key-cryptogram: allow\n");
    if (fclose(out) != 0)
        good = FAIL(err, "Out of memory.");
    good = good && sandbox_write_file(places->config, text, err);
    free(text);
    return good;
}

/* Beside us in a build tree, in sbin of an installation, else wherever PATH says. */
static char *find_daemon(void)
{
    char *path = sandbox_beside("keyferryd");

    if (!path)
        path = sandbox_beside("../sbin/keyferryd");
    return path ? path : sandbox_text("keyferryd");
}

static bool start(struct sandbox_loop *loop, const struct sandbox_places *places,
                  struct kf_error *err)
{
    char *path = find_daemon();
    /* All of the daemon's processes are called keyferryd, so that one pattern finds them. */
    char name[] = "keyferryd", option[] = "--config";
    char *const argv[] = {name, option, places->config, NULL};
    bool good;

    setenv("NOTIFY_SOCKET", places->notify, 1);
    good = sandbox_start_daemon(loop, path, argv, places->log, err);
    /* The daemon's alone: COMMAND must not speak in its place. */
    unsetenv("NOTIFY_SOCKET");
    free(path);
    return good;
}

/* What the daemon says of itself: READY=1 means only that it answers, be it to say that it is down.
 */
static bool ask_state(const struct sandbox_places *places, keyferry_StatusReply *reply,
                      struct kf_error *err)
{
    struct connection *connection = connection_open(places->socket, err);
    keyferry_StatusRequest request = keyferry_StatusRequest_init_zero;
    bool good;

    if (!connection)
        return false;
    connection_set_timeout(connection, READY_SECONDS * 1000);
    good = connection_call(connection, keyferry_Operation_OPERATION_STATUS,
                           keyferry_StatusRequest_fields, &request, keyferry_StatusReply_fields,
                           reply, err);
    connection_close(connection);
    return good;
}

bool sandbox_daemon_up(struct sandbox_loop *loop, const struct sandbox_places *places,
                       struct kf_error *err)
{
    keyferry_StatusReply reply = {.reason = "it is still opening its token."};
    time_t deadline = time(NULL) + READY_SECONDS;
    int asked_down = 0;

    if (!start(loop, places, err))
        return false;
    while (time(NULL) < deadline) {
        sandbox_loop_wait(loop, loop->ready ? ASK_MILLISECONDS : 1000);
        if (loop->daemon.ended)
            return FAIL(err, "The daemon ended with status %d before it was ready.",
                        sandbox_exit_status(loop->daemon.status));
        if (loop->interrupted_by)
            return FAIL(err, "Interrupted before the daemon was ready.");
        if (!loop->ready)
            continue;
        if (!ask_state(places, &reply, err))
            return false;
        if (strcmp(reply.state, "ready") == 0)
            return true;
        /* It may not know yet that a worker is up; but with none for a while there is a reason. */
        if (strcmp(reply.state, "down") != 0)
            asked_down = 0;
        else if (++asked_down * ASK_MILLISECONDS > DOWN_MILLISECONDS)
            return FAIL(err, "The daemon is down: %s", reply.reason);
    }
    return FAIL(err, "The daemon is not ready after %d seconds: %s", READY_SECONDS, reply.reason);
}

void sandbox_make_ca(const struct sandbox_places *places)
{
    static const keyferry_InitCaRequest request = keyferry_InitCaRequest_init_zero;
    struct kf_error err = {0};
    struct connection *connection = connection_open(places->socket, &err);
    keyferry_InitCaReply *reply = malloc(sizeof *reply);

    if (connection && reply) {
        connection_set_timeout(connection, READY_SECONDS * 1000);
        connection_call(connection, keyferry_Operation_OPERATION_INIT_CA,
                        keyferry_InitCaRequest_fields, &request, keyferry_InitCaReply_fields, reply,
                        &err);
    }
    connection_close(connection);
    free(reply);
    /* A token that was there before has one. */
    if (err.status != KF_OK && err.status != KF_CONFLICT)
        sandbox_complain(&err);
}

void sandbox_show_log(const struct sandbox_places *places)
{
    FILE *log = fopen(places->log, "re");
    char text[LOG_TAIL];
    size_t len;

    if (!log)
        return;
    if (fseek(log, -LOG_TAIL, SEEK_END) < 0)
        rewind(log);
    len = fread(text, 1, sizeof text, log);
    fprintf(stderr, "keyferry-sandbox: its log ends so:\n%.*s", (int)len, text);
    fclose(log);
}
