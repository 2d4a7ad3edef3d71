/* SPDX-License-Identifier: Apache-2.0 */
/* Which key of the configuration is taken how, in one table. */
#include <string.h>

#include "conf/conf.h"

/* Why some keys stay. */
#define ONE_SOCKET "clients are connected to the socket that is there"
#define ONE_TOKEN "all workers of a daemon work with the same token, through the same module"
#define ONE_LOG "the numbers of its lines go on where they were"

struct member {
    const char *key;
    size_t offset, size; /* in struct conf; size 0: a text, which may be NULL */
    enum conf_change change;
    const char *why; /* of one that stays: the rest of the sentence "because ..." */
};

#define PLACE(member) offsetof(struct conf, member)
#define VALUE(key, member, change)                                         \
    {                                                                      \
        key, PLACE(member), sizeof(((struct conf *)0)->member), change, "" \
    }
#define TEXT(key, member, change)         \
    {                                     \
        key, PLACE(member), 0, change, "" \
    }
#define FIXED_VALUE(key, member, why)                                             \
    {                                                                             \
        key, PLACE(member), sizeof(((struct conf *)0)->member), CONF_RESTART, why \
    }
#define FIXED_TEXT(key, member, why)             \
    {                                            \
        key, PLACE(member), 0, CONF_RESTART, why \
    }

/* Every key but the two lists. */
static const struct member members[] = {
    FIXED_TEXT("socket.path", socket.path, ONE_SOCKET),
    FIXED_VALUE("socket.mode", socket.mode, ONE_SOCKET),
    VALUE("socket.max-frame", socket.max_frame, CONF_WORKERS),
    TEXT("access.group", access.group, CONF_AT_ONCE),
    FIXED_TEXT("token.module", token.module, ONE_TOKEN),
    FIXED_TEXT("token.uri", token.uri, ONE_TOKEN),
    TEXT("token.pin-file", token.pin_file, CONF_WORKERS),
    TEXT("token.pin-credential", token.pin_credential, CONF_WORKERS),
    FIXED_TEXT("token.init-args", token.init_args, ONE_TOKEN),
    FIXED_VALUE("token.accept-untrusted", token.accept_untrusted, ONE_TOKEN),
    VALUE("workers", workers, CONF_WORKERS),
    TEXT("identity.region", identity.region, CONF_WORKERS),
    TEXT("identity.account", identity.account, CONF_WORKERS),
    VALUE("limits.connections", limits.connections, CONF_AT_ONCE),
    VALUE("limits.jobs-per-connection", limits.jobs_per_connection, CONF_AT_ONCE),
    VALUE("limits.jobs", limits.jobs, CONF_AT_ONCE),
    VALUE("limits.output-per-connection", limits.output_per_connection, CONF_AT_ONCE),
    VALUE("limits.output", limits.output, CONF_AT_ONCE),
    VALUE("limits.stall-timeout", limits.stall_timeout_ms, CONF_AT_ONCE),
    VALUE("limits.job-timeout", limits.job_timeout_ms, CONF_WORKERS),
    VALUE("limits.key-generation-timeout", limits.key_generation_timeout_ms, CONF_WORKERS),
    VALUE("limits.start-timeout", limits.start_timeout_ms, CONF_AT_ONCE),
    VALUE("limits.drain-timeout", limits.drain_timeout_ms, CONF_AT_ONCE),
    VALUE("certificates.token-validity", certificates.token_validity_ms, CONF_WORKERS),
    FIXED_TEXT("audit.path", audit.path, ONE_LOG),
    VALUE("log.level", log_level, CONF_WORKERS),
};

static bool same_text(const char *one, const char *other)
{
    return one == other || (one && other && strcmp(one, other) == 0);
}

static bool same(const struct member *member, const struct conf *one, const struct conf *other)
{
    const char *first = (const char *)one + member->offset;
    const char *second = (const char *)other + member->offset;

    if (member->size > 0)
        return memcmp(first, second, member->size) == 0;
    return same_text(*(const char *const *)first, *(const char *const *)second);
}

static bool same_environment(const struct conf_token *one, const struct conf_token *other)
{
    bool same = one->environment_count == other->environment_count;

    for (size_t i = 0; same && i < one->environment_count; i++)
        same = strcmp(one->environment[i], other->environment[i]) == 0;
    return same;
}

static bool same_anchors(const struct conf_certificates *one, const struct conf_certificates *other)
{
    bool same = one->anchors_count == other->anchors_count;

    for (size_t i = 0; same && i < one->anchors_count; i++)
        same = same_text(one->anchors[i].sha_256, other->anchors[i].sha_256) &&
               same_text(one->anchors[i].crl, other->anchors[i].crl) &&
               one->anchors[i].key_cryptogram == other->anchors[i].key_cryptogram;
    return same;
}

static bool refuse(const struct conf *next, const char *key, const char *why, struct kf_error *err)
{
    return conf_fail(next, key, err,
                     "%s cannot change while the daemon runs, because %s; put its old value back, "
                     "or restart the daemon",
                     key, why);
}

bool conf_compare(const struct conf *running, const struct conf *next, enum conf_change *change,
                  struct kf_error *err)
{
    *change = CONF_SAME;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const struct member *member = &members[i];

        if (same(member, running, next))
            continue;
        if (member->change == CONF_RESTART)
            return refuse(next, member->key, member->why, err);
        if (member->change > *change)
            *change = member->change;
    }
    if (!same_environment(&running->token, &next->token))
        return refuse(next, "token.environment", ONE_TOKEN, err);
    if (!same_anchors(&running->certificates, &next->certificates))
        *change = CONF_WORKERS;
    return true;
}
