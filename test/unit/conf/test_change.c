/* SPDX-License-Identifier: Apache-2.0 */
/* From one configuration to another: for each key, how the change is taken, or why it is not. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "test/unit/suite.h"

#define MODULE "module: /m, uri: 'pkcs11:serial=1'"
#define TOKEN "token: {" MODULE ", pin-file: /p}\n"
#define EIGHT "01:23:45:67:89:AB:CD:EF"
#define ANCHOR(more) \
    "certificates: {anchors: [{sha-256: '" EIGHT ":" EIGHT ":" EIGHT ":" EIGHT "'" more "}]}\n"

static struct conf *load(const char *text)
{
    int fd = memfd_create("configuration", MFD_CLOEXEC);
    struct kf_error err = {0};
    struct conf *conf;

    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    conf = conf_load_fd(fd, "C", &err);
    ck_assert_msg(conf != NULL, "%s: %s", text, err.message);
    close(fd);
    return conf;
}

static const struct {
    const char *key, *running, *next;
    enum conf_change change;
} cases[] = {
    {"", TOKEN, TOKEN, CONF_SAME},
    {"workers", TOKEN, TOKEN "workers: 2\n", CONF_SAME}, /* the default */
    {"workers", TOKEN, TOKEN "workers: 3\n", CONF_WORKERS},
    {"socket.path", TOKEN, TOKEN "socket: {path: /s}\n", CONF_RESTART},
    {"socket.mode", TOKEN, TOKEN "socket: {mode: 0600}\n", CONF_RESTART},
    {"socket.max-frame", TOKEN, TOKEN "socket: {max-frame: 8192}\n", CONF_WORKERS},
    {"access.group", TOKEN, TOKEN "access: {group: g}\n", CONF_AT_ONCE},
    {"access.group", TOKEN "access: {group: g}\n", TOKEN, CONF_AT_ONCE},
    {"access.group", TOKEN "access: {group: g}\n", TOKEN "access: {group: h}\n", CONF_AT_ONCE},
    {"access.group", TOKEN "access: {group: g}\n", TOKEN "access: {group: g}\n", CONF_SAME},
    {"token.module", TOKEN, "token: {module: /n, uri: 'pkcs11:serial=1', pin-file: /p}\n",
     CONF_RESTART},
    {"token.uri", TOKEN, "token: {module: /m, uri: 'pkcs11:serial=2', pin-file: /p}\n",
     CONF_RESTART},
    {"token.pin-file", TOKEN, "token: {" MODULE ", pin-file: /q}\n", CONF_WORKERS},
    {"token.pin-credential", TOKEN, "token: {" MODULE ", pin-credential: c}\n", CONF_WORKERS},
    {"token.init-args", TOKEN, "token: {" MODULE ", pin-file: /p, init-args: ''}\n", CONF_RESTART},
    {"token.environment", TOKEN, "token: {" MODULE ", pin-file: /p, environment: [A=1]}\n",
     CONF_RESTART},
    {"token.environment", "token: {" MODULE ", pin-file: /p, environment: [A=1]}\n",
     "token: {" MODULE ", pin-file: /p, environment: [A=2]}\n", CONF_RESTART},
    {"token.accept-untrusted", TOKEN, "token: {" MODULE ", pin-file: /p, accept-untrusted: yes}\n",
     CONF_RESTART},
    {"identity.region", TOKEN, TOKEN "identity: {region: eu-central-12}\n", CONF_WORKERS},
    {"identity.account", TOKEN, TOKEN "identity: {account: '123456789012'}\n", CONF_WORKERS},
    {"limits.connections", TOKEN, TOKEN "limits: {connections: 1}\n", CONF_AT_ONCE},
    {"limits.jobs-per-connection", TOKEN, TOKEN "limits: {jobs-per-connection: 1}\n", CONF_AT_ONCE},
    {"limits.jobs", TOKEN, TOKEN "limits: {jobs: 1}\n", CONF_AT_ONCE},
    {"limits.output-per-connection", TOKEN, TOKEN "limits: {output-per-connection: 65536}\n",
     CONF_AT_ONCE},
    {"limits.output", TOKEN, TOKEN "limits: {output: 1048576}\n", CONF_AT_ONCE},
    {"limits.stall-timeout", TOKEN, TOKEN "limits: {stall-timeout: 100}\n", CONF_AT_ONCE},
    {"limits.job-timeout", TOKEN, TOKEN "limits: {job-timeout: 100}\n", CONF_WORKERS},
    {"limits.key-generation-timeout", TOKEN, TOKEN "limits: {key-generation-timeout: 100}\n",
     CONF_WORKERS},
    {"limits.start-timeout", TOKEN, TOKEN "limits: {start-timeout: 100}\n", CONF_AT_ONCE},
    {"limits.drain-timeout", TOKEN, TOKEN "limits: {drain-timeout: 100}\n", CONF_AT_ONCE},
    {"certificates.token-validity", TOKEN, TOKEN "certificates: {token-validity: 1000}\n",
     CONF_WORKERS},
    {"certificates.anchors", TOKEN, TOKEN ANCHOR(""), CONF_WORKERS},
    {"certificates.anchors", TOKEN ANCHOR(""), TOKEN ANCHOR(", key-cryptogram: allow"),
     CONF_WORKERS},
    {"certificates.anchors", TOKEN ANCHOR(", crl: /c"), TOKEN ANCHOR(", crl: /d"), CONF_WORKERS},
    {"certificates.anchors", TOKEN ANCHOR(", crl: /c"), TOKEN ANCHOR(", crl: /c"), CONF_SAME},
    {"audit.path", TOKEN, TOKEN "audit: {path: /a}\n", CONF_RESTART},
    {"log.level", TOKEN, TOKEN "log: {level: debug}\n", CONF_WORKERS},
    /* Of several the one that asks for most. */
    {"", TOKEN, TOKEN "workers: 3\nlimits: {jobs: 1}\n", CONF_WORKERS},
    {"audit.path", TOKEN, TOKEN "workers: 3\nlimits: {jobs: 1}\naudit: {path: /a}\n", CONF_RESTART},
};

START_TEST(every_key)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conf *running = load(cases[i].running), *next = load(cases[i].next);
        enum conf_change change = CONF_SAME;
        struct kf_error err = {0};
        bool good = conf_compare(running, next, &change, &err);

        if (cases[i].change != CONF_RESTART) {
            ck_assert_msg(good && change == cases[i].change, "%zu: %s", i, cases[i].key);
        } else {
            ck_assert_msg(!good && strstr(err.message, cases[i].key), "%zu: %s", i, err.message);
            ck_assert(strstr(err.message, "because ") && strstr(err.message, "restart the daemon"));
        }
        conf_free(running);
        conf_free(next);
    }
}
END_TEST

START_TEST(the_line_is_the_new_files)
{
    struct conf *running = load(TOKEN), *next = load(TOKEN "\n\naudit:\n  path: /a\n");
    enum conf_change change;
    struct kf_error err = {0};

    ck_assert(!conf_compare(running, next, &change, &err));
    ck_assert_int_eq(strncmp(err.message, "C:5: audit.path cannot change", 29), 0);
    ck_assert_int_eq(err.fault, KF_FAULT_CONFIG);
    conf_free(running);
    conf_free(next);
}
END_TEST

SUITE_MAIN("change", every_key, the_line_is_the_new_files)
