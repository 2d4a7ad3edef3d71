/* SPDX-License-Identifier: Apache-2.0 */
/* keyferry-sandbox: places, token, daemon, COMMAND, and all of it away again. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/sandbox/daemon.h"
#include "client/sandbox/places.h"
#include "client/sandbox/process.h"
#include "client/sandbox/sandbox.h"
#include "client/sandbox/token.h"

static void export_environment(const struct sandbox_places *places,
                               const struct sandbox_token *token, pid_t daemon)
{
    char *pid = sandbox_text("%ld", (long)daemon);

    setenv("KEYFERRY_SOCKET", places->socket, 1);
    setenv("KEYFERRY_MODULE", token->module, 1);
    setenv("KEYFERRY_TOKEN_URI", token->uri, 1);
    setenv("KEYFERRY_PIN_FILE", token->pin_file, 1);
    setenv("KEYFERRY_CONFIG", places->config, 1);
    setenv("KEYFERRY_AUDIT_LOG", places->audit_log, 1);
    setenv("KEYFERRY_LOG", places->log, 1);
    setenv("KEYFERRY_PID", pid, 1);
    free(pid);
}

static bool start_daemon(const struct sandbox_options *options, const struct sandbox_places *places,
                         struct sandbox_loop *loop, struct kf_error *err)
{
    struct kf_error why = {0};

    if (options->verbose) {
        loop->log = open(places->log, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
        lseek(loop->log, 0, SEEK_END);
    }
    if (sandbox_daemon_up(loop, places, &why)) {
        if (!options->no_ca)
            sandbox_make_ca(places);
        return true;
    }
    if (!options->verbose)
        sandbox_show_log(places);
    if (options->allow_down && !loop->interrupted_by) {
        sandbox_complain(&why);
        return true;
    }
    *err = why;
    return false;
}

/* Everything between the first file and the last; the exit status. */
static int run(const struct sandbox_options *options, const struct sandbox_places *places,
               bool shared, struct sandbox_loop *loop, struct kf_error *err)
{
    struct sandbox_token token = {0};
    int status = 1;

    if (!sandbox_token_prepare(options, places, shared, &token, err) ||
        !sandbox_write_config(options, places, &token, err) ||
        !sandbox_loop_open(loop, places->notify, err) || !start_daemon(options, places, loop, err))
        goto out;
    export_environment(places, &token, loop->daemon.pid);
    if (!sandbox_start_command(loop, options->command, err))
        goto out;
    while (!loop->command.ended)
        sandbox_loop_wait(loop, -1);
    status = sandbox_exit_status(loop->command.status);

out:
    sandbox_stop_daemon(loop);
    sandbox_loop_close(loop);
    sandbox_token_free(&token);
    return status;
}

int main(int argc, char **argv)
{
    struct sandbox_options options;
    struct sandbox_places places;
    struct sandbox_loop loop = {.signals = -1, .notify = -1, .log = -1};
    struct kf_error err = {0};
    bool shared;
    int status = 1;

    if (!sandbox_options_read(argc, argv, &options)) {
        free(options.appends);
        return 2;
    }
    if (sandbox_places_make(&options, &places, &shared, &err))
        status = run(&options, &places, shared, &loop, &err);
    sandbox_places_remove(&places);
    if (err.status != KF_OK)
        sandbox_complain(&err);
    if (err.status != KF_OK && loop.interrupted_by)
        status = 128 + loop.interrupted_by;
    free(options.appends);
    return status;
}
