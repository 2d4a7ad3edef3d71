/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: defaults, and for each rule what is said about breaking it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "test/unit/suite.h"

#define TOKEN "token:\n  module: /m.so\n  uri: \"pkcs11:token=t\"\n  pin-file: /p\n"

static struct conf *load(const char *text, size_t len, struct kf_error *err)
{
    int fd = memfd_create("configuration", MFD_CLOEXEC);
    struct conf *conf;

    memset(err, 0, sizeof *err);
    ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
    conf = conf_load_fd(fd, "C", err);
    close(fd);
    return conf;
}

/* As openssl prints it, and as it is kept. */
#define EIGHT "01:23:45:67:89:AB:CD:EF"
#define FINGERPRINT "'" EIGHT ":" EIGHT ":" EIGHT ":" EIGHT "'"
#define EIGHT_KEPT "0123456789abcdef"

START_TEST(defaults)
{
    struct kf_error err;
    struct conf *conf = load(TOKEN, strlen(TOKEN), &err);

    ck_assert_msg(conf != NULL, "%s", err.message);
    ck_assert_str_eq(conf->socket.path, "/run/keyferry/keyferry.sock");
    ck_assert_uint_eq(conf->socket.mode, 0666);
    ck_assert_uint_eq(conf->socket.max_frame, 65536);
    ck_assert_ptr_null(conf->access.group);
    ck_assert_str_eq(conf->token.module, "/m.so");
    ck_assert_str_eq(conf->token.pin_file, "/p");
    ck_assert_ptr_null(conf->token.pin_credential);
    ck_assert_ptr_null(conf->token.init_args);
    ck_assert_uint_eq(conf->token.environment_count, 0);
    ck_assert(!conf->token.accept_untrusted);
    ck_assert_uint_eq(conf->workers, 2);
    ck_assert_str_eq(conf->identity.region, "xx-local-1");
    ck_assert_str_eq(conf->identity.account, "000000000000");
    ck_assert_uint_eq(conf->limits.job_timeout_ms, 10000);
    ck_assert_uint_eq(conf->limits.key_generation_timeout_ms, 60000);
    ck_assert_uint_eq(conf->certificates.token_validity_ms, 7 * 24 * 3600 * 1000U);
    ck_assert_uint_eq(conf->certificates.anchors_count, 0);
    ck_assert_str_eq(conf->audit.path, "/var/log/keyferry/audit.jsonl");
    ck_assert_int_eq(conf->log_level, LOG_LEVEL_INFO);
    conf_free(conf);
}
END_TEST

START_TEST(everything_can_be_set)
{
    static const char text[] =
        "socket: {path: /s, mode: 0660, max-frame: 8192}\naccess: {group: g}\n"
        "token:\n  module: /m\n  uri: 'pkcs11:serial=1'\n  pin-credential: c\n  init-args: ''\n"
        "  environment: [A=1, B_2=]\n  accept-untrusted: yes\n"
        "workers: 64\nidentity: {region: eu-central-12, account: '123456789012'}\n"
        "limits: {connections: 1, jobs-per-connection: 2, jobs: 3, output-per-connection: 65536, "
        "output: 1048576, stall-timeout: 104, "
        "job-timeout: 100,\n"
        "  key-generation-timeout: 101, start-timeout: 102, drain-timeout: 103}\n"
        "certificates:\n  token-validity: 1000\n  anchors:\n    - {sha-256: " FINGERPRINT
        ", crl: /c}\n    - {sha-256: any, key-cryptogram: allow}\n"
        "audit: {path: /a}\nlog: {level: debug}\n";
    struct kf_error err;
    struct conf *conf = load(text, sizeof text - 1, &err);

    ck_assert_msg(conf != NULL, "%s", err.message);
    ck_assert_uint_eq(conf->socket.mode, 0660);
    ck_assert_str_eq(conf->access.group, "g");
    ck_assert_str_eq(conf->token.pin_credential, "c");
    ck_assert_str_eq(conf->token.init_args, ""); /* not the same as absent */
    ck_assert_uint_eq(conf->token.environment_count, 2);
    ck_assert_str_eq(conf->token.environment[1], "B_2=");
    ck_assert(conf->token.accept_untrusted);
    ck_assert_uint_eq(conf->workers, 64);
    ck_assert_str_eq(conf->identity.region, "eu-central-12");
    ck_assert_uint_eq(conf->limits.connections, 1);
    ck_assert_uint_eq(conf->limits.drain_timeout_ms, 103);
    ck_assert_uint_eq(conf->limits.output, 1048576);
    ck_assert_uint_eq(conf->limits.stall_timeout_ms, 104);
    ck_assert_uint_eq(conf->certificates.token_validity_ms, 1000);
    ck_assert_uint_eq(conf->certificates.anchors_count, 2);
    ck_assert_str_eq(conf->certificates.anchors[0].sha_256,
                     EIGHT_KEPT EIGHT_KEPT EIGHT_KEPT EIGHT_KEPT);
    ck_assert_str_eq(conf->certificates.anchors[0].crl, "/c");
    ck_assert(!conf->certificates.anchors[0].key_cryptogram);
    ck_assert_ptr_null(conf->certificates.anchors[1].sha_256);
    ck_assert_ptr_null(conf->certificates.anchors[1].crl);
    ck_assert(conf->certificates.anchors[1].key_cryptogram);
    ck_assert_int_eq(conf->log_level, LOG_LEVEL_DEBUG);
    conf_free(conf);
}
END_TEST

static const struct {
    const char *text, *message; /* how the message begins */
} refused[] = {
    {"", "C: the configuration is empty"},
    {"# nothing\n", "C: the configuration is empty"},
    {"text\n", "C:1: the file must be a mapping"},
    {"[a]\n", "C:1: the file must be a mapping"},
    {TOKEN "bogus: 1\n", "C:5: there is no key bogus;"},
    {TOKEN "  bogus: 1\n", "C:5: there is no key token.bogus;"},
    {TOKEN "limits:\n  jobs: 5\n  worker: 1\n", "C:7: there is no key limits.worker;"},
    {TOKEN TOKEN, "C:5: token is given twice"},
    {TOKEN "  uri: x\n", "C:5: token.uri is given twice"},
    {TOKEN "\tx: 1\n", "C:5: not valid YAML"},
    {TOKEN "---\na: 1\n", "C:5: a second YAML document"},
    {TOKEN "access: {group: &x g}\nlog: {level: *x}\n", "C:6: YAML aliases"},
    {TOKEN "access: {group: \"a\\0b\"}\n", "C:5: a text has a NUL"},
    {TOKEN "access: {group: \"a\\nb\"}\n", "C:5: access.group has a control character"},
    {TOKEN "access: {group: ''}\n", "C:5: access.group is empty"},
    {"workers: 2\n", "C: token.module is missing"},
    {"token: {uri: 'pkcs11:', pin-file: /p}\n", "C:1: token.module is missing"},
    {"token: {module: m, uri: 'pkcs11:', pin-file: /p}\n",
     "C:1: token.module is \"m\"; it must be an absolute path"},
    {"token: {module: /m, uri: 'x', pin-file: /p}\n", "C:1: token.uri is \"x\"; it must begin"},
    {"token: {module: /m, uri: 'pkcs11:'}\n", "C:1: exactly one of token.pin-file"},
    {TOKEN "  pin-credential: c\n", "C:4: exactly one of token.pin-file"},
    {"token: {module: /m, uri: 'pkcs11:', pin-credential: ../c}\n", "C:1: token.pin-credential is"},
    {TOKEN "  accept-untrusted: maybe\n", "C:5: token.accept-untrusted must be yes or no"},
    {TOKEN "  environment: [A]\n", "C:5: token.environment has an entry number 1"},
    {TOKEN "  environment: {A: b}\n", "C:5: token.environment must be a list"},
    {TOKEN "workers: 0\n", "C:5: workers is 0; it must be 1 to 64"},
    {TOKEN "workers: 65\n", "C:5: workers is 65"},
    {TOKEN "workers: -1\n", "C:5: workers must be a whole number"},
    {TOKEN "workers: two\n", "C:5: workers must be a whole number"},
    {TOKEN "workers: 4294967297\n", "C:5: workers must be a whole number"},
    {TOKEN "socket: {mode: 666}\n", "C:5: socket.mode is \"666\"; it must be 0600 to 0777, four"},
    {TOKEN "socket: {mode: 0066}\n", "C:5: socket.mode is \"0066\"; it must be"},
    {TOKEN "socket: {mode: 0888}\n", "C:5: socket.mode is \"0888\"; it must be"},
    {TOKEN "socket: {mode: 0o660}\n", "C:5: socket.mode is \"0o660\"; it must be"},
    {TOKEN "socket: {mode: 00660}\n", "C:5: socket.mode is \"00660\"; it must be"},
    {TOKEN "socket: {mode: 1666}\n", "C:5: socket.mode is \"1666\"; it must be"},
    {TOKEN "socket: {mode: ''}\n", "C:5: socket.mode is empty"},
    {TOKEN
     "socket:\n  path: /0123456789012345678901234567890123456789012345678901234567890123456789"
     "0123456789012345678901234567890123456789\n",
     "C:6: socket.path is longer than the 107 characters"},
    {TOKEN "identity: {region: us-gov-west-1}\n", "C:5: identity.region is"},
    {TOKEN "identity: {account: '12345678901'}\n", "C:5: identity.account is"},
    {TOKEN "limits: {job-timeout: 99}\n", "C:5: limits.job-timeout is 99; it must be 100 to"},
    {TOKEN "certificates: {token-validity: 999}\n",
     "C:5: certificates.token-validity is 999; it must be 1000 to 2592000000"},
    {TOKEN "certificates: {anchors: {sha-256: any}}\n", "C:5: certificates.anchors must be a list"},
    {TOKEN "certificates: {anchors: [{crl: /c}]}\n",
     "C:5: certificates.anchors: each needs sha-256"},
    {TOKEN "certificates: {anchors: [{sha-256: 01:23}]}\n",
     "C:5: certificates.anchors: each needs sha-256"},
    {TOKEN "certificates: {anchors: [{sha-256: any, crl: c}]}\n",
     "C:5: certificates.anchors is \"c\"; it must be an absolute path"},
    {TOKEN "certificates: {anchors: [{sha-256: any, key-cryptogram: yes}]}\n",
     "C:5: certificates.anchors.key-cryptogram must be allow or refuse"},
    {TOKEN "certificates: {anchors: [{sha-256: any, bogus: yes}]}\n",
     "C:5: there is no key certificates.anchors.bogus"},
    {TOKEN "limits:\n", "C:5: limits must have keys below it, or be left out"},
    {TOKEN "log: {level: loud}\n", "C:5: log.level must be error, warning, info or debug"},
};

START_TEST(rules)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct kf_error err;
        struct conf *conf = load(refused[i].text, strlen(refused[i].text), &err);

        ck_assert_msg(conf == NULL, "accepted: %s", refused[i].text);
        ck_assert_msg(strncmp(err.message, refused[i].message, strlen(refused[i].message)) == 0,
                      "said \"%s\", not \"%s\"", err.message, refused[i].message);
        ck_assert_int_eq(err.fault, KF_FAULT_CONFIG);
    }
}
END_TEST

START_TEST(the_example_is_valid)
{
    struct kf_error err = {0};
    struct conf *conf = conf_load(CONF_EXAMPLE, &err);

    ck_assert_msg(conf != NULL, "%s", err.message);
    conf_free(conf);
}
END_TEST

START_TEST(a_loaded_key_can_be_blamed)
{
    static const char text[] = TOKEN "access:\n  group: g\n";
    struct kf_error err, blame = {0};
    struct conf *conf = load(text, sizeof text - 1, &err);

    ck_assert_msg(conf != NULL, "%s", err.message);
    ck_assert(!conf_fail(conf, "access.group", &blame, "no group %s", "g"));
    ck_assert_str_eq(blame.message, "C:6: no group g");
    ck_assert_int_eq(blame.fault, KF_FAULT_CONFIG);
    conf_free(conf);
}
END_TEST

START_TEST(where_the_pin_lies)
{
    static const char named[] = TOKEN;
    static const char passed[] =
        "token: {module: /m, uri: 'pkcs11:serial=1', pin-credential: keyferry-pin}\n";
    struct kf_error err, why = {0};
    struct conf *conf = load(named, sizeof named - 1, &err);
    char path[32];

    ck_assert(conf_pin_path(&conf->token, path, sizeof path, &why));
    ck_assert_str_eq(path, "/p");
    conf_free(conf);
    conf = load(passed, sizeof passed - 1, &err);
    unsetenv("CREDENTIALS_DIRECTORY");
    ck_assert(!conf_pin_path(&conf->token, path, sizeof path, &why));
    ck_assert_int_eq(why.fault, KF_FAULT_CONFIG);
    ck_assert_ptr_nonnull(strstr(why.message, "LoadCredential="));
    setenv("CREDENTIALS_DIRECTORY", "/run/c", 1);
    ck_assert(conf_pin_path(&conf->token, path, sizeof path, &why));
    ck_assert_str_eq(path, "/run/c/keyferry-pin");
    setenv("CREDENTIALS_DIRECTORY", "/a/folder/whose/name/is/too/long", 1);
    kf_error_clear(&why);
    ck_assert(!conf_pin_path(&conf->token, path, sizeof path, &why));
    ck_assert_ptr_nonnull(strstr(why.message, "too long"));
    conf_free(conf);
}
END_TEST

START_TEST(files_that_are_none)
{
    static const char *const paths[] = {"/nonexistent/x", "/", "/dev/zero"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct kf_error err = {0};

        ck_assert_ptr_null(conf_load(paths[i], &err));
        ck_assert_int_eq(strncmp(err.message, paths[i], strlen(paths[i])), 0);
    }
}
END_TEST

SUITE_MAIN("conf", defaults, everything_can_be_set, rules, the_example_is_valid,
           a_loaded_key_can_be_blamed, where_the_pin_lies, files_that_are_none)
