/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the daemon what the command line says. */
#ifndef KF_CLIENT_RUN_H
#define KF_CLIENT_RUN_H

#include <jansson.h>

#include "client/options.h"

/* *answer becomes the operation's reply as AWS writes it, the caller's: of an operation that lists,
 * all its pages in one unless the command line asks for one page. */
enum outcome run_operation(const struct command_line *line, json_t **answer, struct kf_error *err);

#endif
