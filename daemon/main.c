/* SPDX-License-Identifier: Apache-2.0 */
/* keyferryd: one program in four roles. The parent starts the others by their names in argv[0];
 * people start the parent. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "daemon/auditor/auditor.h"
#include "daemon/front/front.h"
#include "daemon/parent/group.h"
#include "daemon/parent/parent.h"
#include "daemon/process.h"
#include "daemon/worker/loop.h"

#define USAGE_STATUS 2

static const char usage[] =
    "Usage: keyferryd [--config FILE]\n"
    "       keyferryd --check-config [FILE]\n"
    "Exports payment keys out of the HSM whose PKCS#11 module the configuration names.\n"
    "\n"
    "  --config FILE    the configuration, instead of " KF_CONFIG_PATH "\n"
    "  --check-config   say whether the configuration is valid, and end\n"
    "  --version        print the version, and end\n"
    "  --help           print this, and end\n";

static int check_config(const char *path)
{
    struct kf_error err = {0};
    struct conf *conf = conf_load(path, &err);
    bool has_group;
    gid_t group;
    bool good = conf && group_find(conf, &has_group, &group, &err);

    if (!good)
        fprintf(stderr, "%s\n", err.message);
    if (conf && !conf_check_files(conf, stderr))
        good = false;
    if (good)
        printf("%s: the configuration is valid\n", path);
    conf_free(conf);
    return good ? 0 : 1;
}

/* The roles that the parent starts; -1 where this is none of them. */
static int run_child(const char *name)
{
    if (strcmp(name, FRONT_NAME) == 0)
        return front_main();
    if (strcmp(name, AUDITOR_NAME) == 0)
        return auditor_main();
    if (strncmp(name, WORKER_NAME, sizeof WORKER_NAME - 1) == 0) {
        unsigned long slot = strtoul(name + sizeof WORKER_NAME - 1, NULL, 10);

        return slot < WORKER_SLOTS ? worker_main((unsigned)slot) : USAGE_STATUS;
    }
    return -1;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check-config", no_argument, NULL, 'k'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *path = KF_CONFIG_PATH;
    bool check = false;
    int option, status;

    process_harden();
    status = argc > 0 ? run_child(argv[0]) : USAGE_STATUS;
    if (status >= 0)
        return status;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'k':
            check = true;
            break;
        case 'v':
            puts("keyferryd " PACKAGE_VERSION);
            return 0;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return USAGE_STATUS;
        }
    }
    if (check && optind < argc)
        path = argv[optind++];
    if (optind < argc) {
        fprintf(stderr, "keyferryd: \"%s\" is too much\n%s", argv[optind], usage);
        return USAGE_STATUS;
    }
    return check ? check_config(path) : parent_main(path);
}
