/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: the token calls of TR-31 exports, by the worker's own code, in a loop in one process
 * or several, with no daemon around them. Nothing can export faster with the same calls to the same
 * token.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "bench/samples.h"
#include "daemon/worker/export_tr31.h"
#include "daemon/worker/service_internal.h"

#define WARM_UP 200

struct floor {
    const struct conf *conf;
    const char *key, *kek;
};

static struct host_state no_changes;

static bool complain(const struct kf_error *err)
{
    fprintf(stderr, "floor: %s %s\n", err->message, err->detail);
    return false;
}

static bool export_once(struct service *service, struct kbpk *kbpk, const struct p11_key *key,
                        const struct p11_key *kek, struct kf_error *err)
{
    struct tr31_header header = {
        .version = tr31_version_for(kek->facts.algorithm),
        .algorithm = key_algorithm_letter(key->facts.algorithm),
        .mode = key->facts.mode,
        .exportability = 'E',
        .context = '0',
    };
    static char block[TR31_KEYBLOCK_MAX + 1];

    memcpy(header.usage, key->facts.usage, sizeof header.usage);
    memcpy(header.key_version, key->facts.version, sizeof header.key_version);
    return export_tr31(&service->token, &service->random, kbpk, key->export_copy,
                       key_facts_bytes(&key->facts), &header, block, err);
}

static bool measure(struct samples *samples, void *context)
{
    const struct floor *floor = context;
    struct kf_error err = {0};
    struct service *service = service_open(floor->conf, 1, &no_changes, NULL, &err);
    const struct p11_key *key = NULL, *kek = NULL;
    struct kbpk *kbpk = NULL;
    uint64_t begin;
    bool good = service != NULL;

    if (good) {
        key = service_find_key(service, "key", floor->key, &err);
        kek = service_find_key(service, "kek", floor->kek, &err);
        kbpk = key && kek ? kbpk_get(service->kbpks, kek, &err) : NULL;
        good = kbpk != NULL;
    }
    for (unsigned i = 0; good && i < WARM_UP; i++)
        good = export_once(service, kbpk, key, kek, &err);
    if (good)
        sample_ready(samples);
    do {
        begin = sample_now_ns();
        good = good && export_once(service, kbpk, key, kek, &err);
    } while (good && sample_done(samples, begin));
    if (!good)
        complain(&err);
    service_close(service);
    return good;
}

int main(int argc, char **argv)
{
    struct kf_error err = {0};
    struct floor floor;
    struct conf *conf;
    bool good;

    if (argc != 6) {
        fprintf(stderr, "Usage: floor CONFIG KEY KEK PROCESSES SECONDS\n");
        return 2;
    }
    log_setup("floor", LOG_LEVEL_ERROR);
    conf = conf_load(argv[1], &err);
    if (!conf)
        return complain(&err) ? 0 : 1;
    floor = (struct floor){.conf = conf, .key = argv[2], .kek = argv[3]};
    good =
        samples_run((unsigned)strtoul(argv[4], NULL, 10), strtod(argv[5], NULL), measure, &floor);
    conf_free(conf);
    return good ? 0 : 1;
}
