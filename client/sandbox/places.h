/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a sandbox keeps its files. A temporary folder (socket, configuration) always goes when the
 * sandbox ends; the token and the logs lie in it too, unless a state folder was named, which stays.
 */
#ifndef KF_CLIENT_SANDBOX_PLACES_H
#define KF_CLIENT_SANDBOX_PLACES_H

#include "client/sandbox/sandbox.h"

struct sandbox_places {
    char *run;       /* the temporary folder, mode 0700 */
    char *token_dir; /* the token's own, named after it; made by the token */
    char *socket;
    char *config;
    char *notify; /* where the daemon says that it is ready */
    char *log;    /* the daemon's stderr */
    char *audit_log;
    int lock; /* on the state folder, -1 without */
};

/*
 * Makes them. A state folder that another sandbox is using is shared: the token is, logs are not
 * (they go to the temporary folder). *shared says so.
 */
bool sandbox_places_make(const struct sandbox_options *options, struct sandbox_places *places,
                         bool *shared, struct kf_error *err);
/* Removes the temporary folder with all in it, and frees the names. Safe where making them failed.
 */
void sandbox_places_remove(struct sandbox_places *places);

/* A file of mode 0600 with this text, complete or not there at all. */
bool sandbox_write_file(const char *path, const char *text, struct kf_error *err);

#endif
