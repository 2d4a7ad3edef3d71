/* SPDX-License-Identifier: Apache-2.0 */
/* --help, made from the tables. */
#ifndef KF_CLIENT_HELP_H
#define KF_CLIENT_HELP_H

#include <stdio.h>

#include "client/options.h"

/* Of a command, or of the whole where none was named. */
void help_write(const struct command_line *line, FILE *stream);

#endif
