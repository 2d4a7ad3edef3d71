/* SPDX-License-Identifier: Apache-2.0 */
/* Folders and files of a sandbox. */
#include "client/sandbox/places.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FAIL(err, ...) kf_fail(err, KF_UNAVAILABLE, __VA_ARGS__)

char *sandbox_text(const char *format, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        fputs("keyferry-sandbox: out of memory\n", stderr);
        exit(1);
    }
    return text;
}

void sandbox_complain(const struct kf_error *err)
{
    fprintf(stderr, "keyferry-sandbox: %s%s%s\n", err->message, *err->detail ? " " : "",
            err->detail);
}

char *sandbox_beside(const char *relative)
{
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    char *path, *slash;

    if (len < 0)
        return NULL;
    program[len] = '\0';
    slash = strrchr(program, '/');
    path = sandbox_text("%.*s/%s", (int)(slash - program), program, relative);
    if (access(path, F_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static bool make_run_dir(struct sandbox_places *places, struct kf_error *err)
{
    const char *tmp = getenv("TMPDIR");

    places->run = sandbox_text("%s/keyferry-sandbox.XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
    if (mkdtemp(places->run))
        return true;
    FAIL(err, "No temporary folder can be made from %s: %s.", places->run, strerror(errno));
    free(places->run);
    places->run = NULL;
    return false;
}

/* The state folder as an absolute path, locked by the first sandbox that uses it. */
static char *open_state(const char *state, struct sandbox_places *places, bool *shared,
                        struct kf_error *err)
{
    char *path;

    if (mkdir(state, 0700) < 0 && errno != EEXIST) {
        FAIL(err, "--state: %s cannot be made: %s.", state, strerror(errno));
        return NULL;
    }
    path = realpath(state, NULL);
    if (path)
        places->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (places->lock < 0) {
        FAIL(err, "--state: %s cannot be used: %s.", state, strerror(errno));
        free(path);
        return NULL;
    }
    *shared = flock(places->lock, LOCK_EX | LOCK_NB) < 0;
    return path;
}

static bool name_files(struct sandbox_places *places, const char *logs, struct kf_error *err)
{
    places->socket = sandbox_text("%s/socket", places->run);
    places->notify = sandbox_text("%s/notify", places->run);
    places->config = sandbox_text("%s/keyferryd.yaml", places->run);
    places->log = sandbox_text("%s/keyferryd.log", logs);
    places->audit_log = sandbox_text("%s/audit.jsonl", logs);
    if (strlen(places->socket) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return FAIL(err, "%s is too long a path for a socket; set TMPDIR to a shorter one.",
                    places->socket);
    return true;
}

bool sandbox_places_make(const struct sandbox_options *options, struct sandbox_places *places,
                         bool *shared, struct kf_error *err)
{
    char *state = NULL;
    bool good;

    *places = (struct sandbox_places){.lock = -1};
    *shared = false;
    if (!make_run_dir(places, err))
        return false;
    if (options->state) {
        state = open_state(options->state, places, shared, err);
        if (!state)
            return false;
    }
    places->token_dir = sandbox_text("%s/%s", state ? state : places->run, options->token);
    good = name_files(places, state && !*shared ? state : places->run, err);
    free(state);
    return good;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    remove(path); /* what cannot be removed shows as its folder being left */
    return 0;
}

void sandbox_places_remove(struct sandbox_places *places)
{
    if (places->run) {
        nftw(places->run, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        if (access(places->run, F_OK) == 0)
            fprintf(stderr, "keyferry-sandbox: %s could not be removed\n", places->run);
    }
    if (places->lock >= 0)
        close(places->lock);
    free(places->run);
    free(places->token_dir);
    free(places->socket);
    free(places->notify);
    free(places->config);
    free(places->log);
    free(places->audit_log);
}

bool sandbox_write_file(const char *path, const char *text, struct kf_error *err)
{
    char *part = sandbox_text("%s.part", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t len = strlen(text);
    bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len;

    if (fd >= 0 && close(fd) < 0)
        good = false;
    good = good && rename(part, path) == 0;
    if (!good)
        FAIL(err, "%s cannot be written: %s.", path, strerror(errno));
    free(part);
    return good;
}
