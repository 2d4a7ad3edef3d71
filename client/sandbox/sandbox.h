/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyferry-sandbox: a fresh token and a daemon around one command. What its parts share: the
 * options, and the places everything lies in. Strings are owned by the structure they are in.
 */
#ifndef KF_CLIENT_SANDBOX_H
#define KF_CLIENT_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct sandbox_options {
    const char *token;  /* "softhsm" or "nss" */
    const char *module; /* NULL: the token's own */
    const char *state;  /* NULL: a temporary one */
    unsigned workers;
    const char **appends; /* files appended to the configuration */
    size_t append_count;
    bool verbose;
    bool allow_down;
    bool no_ca;     /* make none in the token */
    char **command; /* NULL-terminated */
};

/* False (the reason is on stderr) on a usage error. --help and --version do not return. */
bool sandbox_options_read(int argc, char **argv, struct sandbox_options *options);

/* printf into memory of its own. A process that is out of memory this early has nothing to save: it
 * ends, with status 1. */
char *sandbox_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A failure to stderr: its sentence, and the detail where there is one. */
void sandbox_complain(const struct kf_error *err);

/* This path from the folder of the running program on, or NULL where there is nothing. */
char *sandbox_beside(const char *relative);

#endif
