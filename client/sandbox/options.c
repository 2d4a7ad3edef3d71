/* SPDX-License-Identifier: Apache-2.0 */
/* keyferry-sandbox: its command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/sandbox/sandbox.h"
#include "config.h"

#define WORKERS_MAX 64

static const char help_text[] =
    "Usage: keyferry-sandbox [OPTION]... -- COMMAND [ARGUMENT]...\n"
    "Make a fresh token with a CA and a daemon on it, run COMMAND beside them, take all down\n"
    "again.\n"
    "\n"
    "  --token softhsm|nss    the software token to make (softhsm)\n"
    "  --module PATH          load this PKCS#11 module instead of the token's own\n"
    "  --state DIR            keep the token in DIR and use the one that is there already\n"
    "  --workers N            token workers to start (2)\n"
    "  --config-append FILE   append FILE to the daemon's configuration; may be repeated\n"
    "  --no-ca                make no CA in the token\n"
    "  --allow-down           run COMMAND even where the daemon does not become ready\n"
    "  --verbose              show the daemon's log on stderr\n"
    "  --help, --version      show this, or the version, and exit\n"
    "\n"
    "COMMAND finds KEYFERRY_SOCKET, KEYFERRY_MODULE, KEYFERRY_TOKEN_URI, KEYFERRY_PIN_FILE,\n"
    "KEYFERRY_PID, KEYFERRY_CONFIG, KEYFERRY_AUDIT_LOG and KEYFERRY_LOG in its environment.\n"
    "The exit status is COMMAND's; 1 where there is no daemon to run it beside, 2 for bad usage.\n"
    "The tokens are software: for tests and demonstrations, never for keys that matter.\n";

static bool usage(const char *what, const char *which)
{
    fprintf(stderr, "keyferry-sandbox: %s%s. Try --help.\n", what, which);
    return false;
}

static bool read_workers(const char *text, unsigned *workers)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || *text < '0' || *text > '9' || value < 1 ||
        value > WORKERS_MAX)
        return usage("--workers must be a number from 1 to 64, not ", text);
    *workers = (unsigned)value;
    return true;
}

static bool read_token(const char *text, const char **token)
{
    if (strcmp(text, "softhsm") != 0 && strcmp(text, "nss") != 0)
        return usage("--token must be softhsm or nss, not ", text);
    *token = text;
    return true;
}

static void show_and_exit(int option)
{
    if (option == 'h')
        fputs(help_text, stdout);
    else
        printf("keyferry-sandbox %s\n", PACKAGE_VERSION);
    exit(fflush(stdout) == 0 ? 0 : 1);
}

static bool take(int option, struct sandbox_options *options)
{
    switch (option) {
    case 't':
        return read_token(optarg, &options->token);
    case 'm':
        options->module = optarg;
        return true;
    case 's':
        options->state = optarg;
        return true;
    case 'w':
        return read_workers(optarg, &options->workers);
    case 'c':
        options->appends[options->append_count++] = optarg;
        return true;
    case 'd':
        options->allow_down = true;
        return true;
    case 'n':
        options->no_ca = true;
        return true;
    case 'v':
        options->verbose = true;
        return true;
    case 'h':
    case 'V':
        show_and_exit(option);
    }
    return usage("that is not an option it has", "");
}

bool sandbox_options_read(int argc, char **argv, struct sandbox_options *options)
{
    static const struct option known[] = {
        {"token", required_argument, NULL, 't'},
        {"module", required_argument, NULL, 'm'},
        {"state", required_argument, NULL, 's'},
        {"workers", required_argument, NULL, 'w'},
        {"allow-down", no_argument, NULL, 'd'},
        {"config-append", required_argument, NULL, 'c'},
        {"verbose", no_argument, NULL, 'v'},
        {"no-ca", no_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option;

    *options = (struct sandbox_options){.token = "softhsm", .workers = 2};
    /* No more of them than there are arguments. */
    options->appends = calloc((size_t)argc, sizeof *options->appends);
    if (!options->appends)
        return usage("out of memory", "");
    while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
        if (!take(option, options))
            return false;
    }
    if (optind >= argc)
        return usage("a COMMAND is missing", "");
    options->command = argv + optind;
    return true;
}
