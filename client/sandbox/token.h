/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The software tokens a sandbox can make: where their module is, what it needs to be told, and how
 * a fresh one gets its PIN. The module is only ever loaded in a child that ends: the sandbox itself
 * holds no token.
 */
#ifndef KF_CLIENT_SANDBOX_TOKEN_H
#define KF_CLIENT_SANDBOX_TOKEN_H

#include "client/sandbox/places.h"
#include "client/sandbox/sandbox.h"

struct sandbox_token {
    char *module;    /* absolute */
    const char *uri; /* static */
    char *init_args; /* NULL: none */
    char *pin_file;
    bool untrusted; /* known to fail the daemon's trust checks */
};

/*
 * Describes the token of the options, puts what its module reads into this process's environment
 * (and so into that of the daemon and of COMMAND), and makes the token where there is none yet.
 * shared: another sandbox is using the state folder.
 */
bool sandbox_token_prepare(const struct sandbox_options *options,
                           const struct sandbox_places *places, bool shared,
                           struct sandbox_token *token, struct kf_error *err);
void sandbox_token_free(struct sandbox_token *token);

#endif
