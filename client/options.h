/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: which operation, with what request, shown how. */
#ifndef KF_CLIENT_OPTIONS_H
#define KF_CLIENT_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>

#include "client/outcome.h"
#include "client/shape.h"

/* The options that are not members of a request. */
enum common_option {
    OPTION_SOCKET,
    OPTION_OUTPUT,
    OPTION_CLI_INPUT_JSON,
    OPTION_CLI_READ_TIMEOUT,
    OPTION_NO_PAGINATE,
    OPTION_MAX_ITEMS,
    OPTION_PAGE_SIZE,
    OPTION_STARTING_TOKEN,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_COUNT,
};

struct common_option_info {
    const char *name;
    const char *value; /* what stands for its value in help; NULL where it takes none */
    bool paging;       /* only with operations that list */
    bool asking;       /* only with operations, which ask the daemon */
    const char *help;
};

extern const struct common_option_info common_options[OPTION_COUNT];

/* The command that asks no daemon. */
#define COMMAND_PARSE_KEY_BLOCK "parse-key-block"
#define SUMMARY_PARSE_KEY_BLOCK                                                                    \
    "Show what a key block's header says; nothing is decrypted or checked."
#define EXAMPLE_PARSE_KEY_BLOCK "keyferry parse-key-block file://block"

struct command_line {
    const char *command;               /* NULL where none was named */
    const struct operation *operation; /* NULL where command is none */
    json_t *request;   /* the request as AWS writes it; NULL where no operation is to be asked */
    const char *block; /* parse-key-block's argument */
    bool help, version, text, no_paginate;
    bool all_pages; /* a list is asked for, and not just one page of it */
    const char *socket;
    const char *starting_token;
    int max_items, page_size; /* 0 where not given */
    unsigned timeout_ms;      /* 0 for ever */
};

/* Reads the arguments, files that they name too. line is all zero before, freed by options_free
 * whatever comes. */
enum outcome options_parse(int argc, char **argv, struct command_line *line, struct kf_error *err);
void options_free(struct command_line *line);

/* Whether a common option goes with the command named; before any command all do. */
bool options_apply(const struct command_line *line, const struct common_option_info *info);

#endif
