/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults and rules of every key, in the order of the example. */
#include "conf/check.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

bool check_fail(const struct check_place *place, const char *key, struct kf_error *err,
                const char *format, ...)
{
    char text[KF_MESSAGE_MAX / 2], where[24] = "";
    size_t line = key && place->lines ? lines_find(place->lines, key) : 0;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (line > 0)
        snprintf(where, sizeof where, ":%zu", line);
    return kf_fail_fault(err, KF_VALIDATION, KF_FAULT_CONFIG, NULL, "%s%s: %s", place->name, where,
                         text);
}

struct range {
    uint32_t standard, low, high;
};

static bool take_number(const uint32_t *given, const char *key, struct range range, uint32_t *value,
                        const struct check_place *place, struct kf_error *err)
{
    *value = given ? *given : range.standard;
    if (*value >= range.low && *value <= range.high)
        return true;
    return check_fail(place, key, err, "%s is %u; it must be %u to %u", key, *value, range.low,
                      range.high);
}

static bool take_text(const char *given, const char *key, const char *standard, const char **value,
                      const struct check_place *place, struct kf_error *err)
{
    *value = given ? given : standard;
    if (!*value)
        return check_fail(place, key, err, "%s is missing; it has no default", key);
    if (**value == '\0')
        return check_fail(place, key, err, "%s is empty; give it a value or leave the line out",
                          key);
    for (const char *at = *value; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            return check_fail(place, key, err, "%s has a control character in it", key);
    return true;
}

static bool take_path(const char *given, const char *key, const char *standard, const char **value,
                      const struct check_place *place, struct kf_error *err)
{
    if (!take_text(given, key, standard, value, place, err))
        return false;
    if (**value != '/')
        return check_fail(place, key, err, "%s is \"%s\"; it must be an absolute path", key,
                          *value);
    return true;
}

static bool take_mode(const char *given, uint32_t *value, const struct check_place *place,
                      struct kf_error *err)
{
    static const char key[] = "socket.mode", digits[] = "01234567";
    const char *text;

    if (!take_text(given, key, "0666", &text, place, err))
        return false;
    *value = (uint32_t)strtoul(text, NULL, 8);
    if (strlen(text) == 4 && text[0] == '0' && strspn(text, digits) == 4 && (*value & 0600) == 0600)
        return true;
    return check_fail(place, key, err,
                      "%s is \"%s\"; it must be 0600 to 0777, four octal digits that begin with 0 "
                      "and let the owner read and write",
                      key, text);
}

static bool check_socket(const struct raw_socket *raw, struct conf_socket *conf,
                         const struct check_place *place, struct kf_error *err)
{
    static const struct raw_socket none;

    raw = raw ? raw : &none;
    if (!take_path(raw->path, "socket.path", "/run/keyferry/keyferry.sock", &conf->path, place,
                   err))
        return false;
    if (strlen(conf->path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        return check_fail(place, "socket.path", err,
                          "socket.path is longer than the %zu characters a socket may have",
                          sizeof((struct sockaddr_un *)0)->sun_path - 1);
    return take_mode(raw->mode, &conf->mode, place, err) &&
           take_number(raw->max_frame, "socket.max-frame", (struct range){65536, 4096, 1048576},
                       &conf->max_frame, place, err);
}

static bool check_access(const struct raw_access *raw, struct conf_access *conf,
                         const struct check_place *place, struct kf_error *err)
{
    return !raw || !raw->group ||
           take_text(raw->group, "access.group", NULL, &conf->group, place, err);
}

static bool check_pin(const struct raw_token *raw, struct conf_token *conf,
                      const struct check_place *place, struct kf_error *err)
{
    if (!raw->pin_file == !raw->pin_credential)
        return check_fail(place, raw->pin_file ? "token.pin-file" : "token", err,
                          "exactly one of token.pin-file and token.pin-credential must be given");
    if (raw->pin_file)
        return take_path(raw->pin_file, "token.pin-file", NULL, &conf->pin_file, place, err);
    if (!take_text(raw->pin_credential, "token.pin-credential", NULL, &conf->pin_credential, place,
                   err))
        return false;
    if (strchr(conf->pin_credential, '/') || conf->pin_credential[0] == '.')
        return check_fail(
            place, "token.pin-credential", err,
            "token.pin-credential is \"%s\"; it must be the name of a credential, not a path",
            conf->pin_credential);
    return true;
}

static bool check_environment(const struct raw_token *raw, const struct check_place *place,
                              struct kf_error *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

    for (unsigned i = 0; i < raw->environment_count; i++) {
        const char *entry = raw->environment[i];
        size_t name = strspn(entry, letters);

        if (name == 0 || (entry[0] >= '0' && entry[0] <= '9') || entry[name] != '=')
            return check_fail(place, "token.environment", err,
                              "token.environment has an entry number %u that is not NAME=VALUE",
                              i + 1);
    }
    return true;
}

static bool check_token(const struct raw_token *raw, struct conf_token *conf,
                        const struct check_place *place, struct kf_error *err)
{
    static const struct raw_token none;

    raw = raw ? raw : &none;
    if (!take_path(raw->module, "token.module", NULL, &conf->module, place, err) ||
        !take_text(raw->uri, "token.uri", NULL, &conf->uri, place, err))
        return false;
    if (strncmp(conf->uri, "pkcs11:", 7) != 0)
        return check_fail(place, "token.uri", err,
                          "token.uri is \"%s\"; it must begin with \"pkcs11:\" (RFC 7512)",
                          conf->uri);
    if (!check_pin(raw, conf, place, err) || !check_environment(raw, place, err))
        return false;
    conf->init_args = raw->init_args;
    conf->environment = (const char *const *)raw->environment;
    conf->environment_count = raw->environment_count;
    conf->accept_untrusted = raw->accept_untrusted && *raw->accept_untrusted;
    return true;
}

/* AWS's ARN pattern: [a-z]{2}-[a-z]{1,16}-[0-9]+ */
static bool is_region(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    size_t len = strspn(text, letters);

    if (len != 2 || text[2] != '-')
        return false;
    text += 3;
    len = strspn(text, letters);
    if (len < 1 || len > 16 || text[len] != '-')
        return false;
    text += len + 1;
    len = strspn(text, "0123456789");
    /* AWS sets no bound on the number; ours keeps an ARN within its 150 characters. */
    return len >= 1 && len <= 4 && text[len] == '\0';
}

static bool check_identity(const struct raw_identity *raw, struct conf_identity *conf,
                           const struct check_place *place, struct kf_error *err)
{
    static const struct raw_identity none;

    raw = raw ? raw : &none;
    if (!take_text(raw->region, "identity.region", "xx-local-1", &conf->region, place, err) ||
        !take_text(raw->account, "identity.account", "000000000000", &conf->account, place, err))
        return false;
    if (!is_region(conf->region))
        return check_fail(place, "identity.region", err,
                          "identity.region is \"%s\"; it must look like xx-local-1: two letters, a "
                          "word, a number",
                          conf->region);
    if (strlen(conf->account) != 12 || strspn(conf->account, "0123456789") != 12)
        return check_fail(place, "identity.account", err,
                          "identity.account is \"%s\"; it must be 12 digits", conf->account);
    return true;
}

static bool check_limits(const struct raw_limits *raw, struct conf_limits *conf,
                         const struct check_place *place, struct kf_error *err)
{
    static const struct raw_limits none;
    static const struct range timeout = {10000, 100, 3600000}, long_timeout = {60000, 100, 3600000};

    raw = raw ? raw : &none;
    if (!take_number(raw->connections, "limits.connections", (struct range){256, 1, 16384},
                     &conf->connections, place, err) ||
        !take_number(raw->jobs_per_connection, "limits.jobs-per-connection",
                     (struct range){256, 1, 4096}, &conf->jobs_per_connection, place, err) ||
        !take_number(raw->jobs, "limits.jobs", (struct range){4096, 1, 65536}, &conf->jobs, place,
                     err) ||
        !take_number(raw->output_per_connection, "limits.output-per-connection",
                     (struct range){1048576, 65536, 67108864}, &conf->output_per_connection, place,
                     err) ||
        !take_number(raw->output, "limits.output", (struct range){67108864, 1048576, 2147483648},
                     &conf->output, place, err))
        return false;
    return take_number(raw->stall_timeout_ms, "limits.stall-timeout", long_timeout,
                       &conf->stall_timeout_ms, place, err) &&
           take_number(raw->job_timeout_ms, "limits.job-timeout", timeout, &conf->job_timeout_ms,
                       place, err) &&
           take_number(raw->key_generation_timeout_ms, "limits.key-generation-timeout",
                       long_timeout, &conf->key_generation_timeout_ms, place, err) &&
           take_number(raw->start_timeout_ms, "limits.start-timeout", long_timeout,
                       &conf->start_timeout_ms, place, err) &&
           take_number(raw->drain_timeout_ms, "limits.drain-timeout", timeout,
                       &conf->drain_timeout_ms, place, err);
}

#define HEX "0123456789abcdef"

/* As `openssl x509 -fingerprint -sha256` prints it, with colons and in capitals, or without. The
 * text is the file's own, and changed in place. */
static bool take_fingerprint(char *given, const char **value, const struct check_place *place,
                             struct kf_error *err)
{
    char *to = given;

    if (given && strcmp(given, "any") == 0)
        return true;
    for (const char *from = given; given && *from; from++)
        if (*from != ':')
            *to++ = (char)tolower((unsigned char)*from);
    if (!given || to - given != 64 || strspn(given, HEX) < 64)
        return check_fail(place, "certificates.anchors", err,
                          "certificates.anchors: each needs sha-256, the 64 hex digits of its "
                          "certificate's fingerprint, or \"any\"");
    *to = '\0';
    *value = given;
    return true;
}

static bool check_anchor(const struct raw_anchor *raw, struct conf_anchor *conf,
                         const struct check_place *place, struct kf_error *err)
{
    if (!take_fingerprint(raw->sha_256, &conf->sha_256, place, err))
        return false;
    conf->key_cryptogram = raw->key_cryptogram && *raw->key_cryptogram;
    return !raw->crl || take_path(raw->crl, "certificates.anchors", NULL, &conf->crl, place, err);
}

static bool check_certificates(const struct raw_certificates *raw, struct conf_certificates *conf,
                               struct conf_anchor **anchors, const struct check_place *place,
                               struct kf_error *err)
{
    static const struct raw_certificates none;
    static const struct range validity = {7 * 24 * 3600 * 1000U, 1000, 30 * 24 * 3600 * 1000U};

    raw = raw ? raw : &none;
    if (!take_number(raw->token_validity_ms, "certificates.token-validity", validity,
                     &conf->token_validity_ms, place, err))
        return false;
    *anchors = calloc(raw->anchors_count + 1, sizeof **anchors);
    if (!*anchors)
        return check_fail(place, NULL, err, "memory is short");
    for (unsigned i = 0; i < raw->anchors_count; i++)
        if (!check_anchor(&raw->anchors[i], *anchors + i, place, err))
            return false;
    conf->anchors = *anchors;
    conf->anchors_count = raw->anchors_count;
    return true;
}

bool check_conf(const struct raw_conf *raw, const struct check_place *place, struct conf *conf,
                struct conf_anchor **anchors, struct kf_error *err)
{
    return check_socket(raw->socket, &conf->socket, place, err) &&
           check_access(raw->access, &conf->access, place, err) &&
           check_token(raw->token, &conf->token, place, err) &&
           take_number(raw->workers, "workers", (struct range){2, 1, CONF_WORKERS_MAX},
                       &conf->workers, place, err) &&
           check_identity(raw->identity, &conf->identity, place, err) &&
           check_limits(raw->limits, &conf->limits, place, err) &&
           check_certificates(raw->certificates, &conf->certificates, anchors, place, err) &&
           take_path(raw->audit ? raw->audit->path : NULL, "audit.path",
                     "/var/log/keyferry/audit.jsonl", &conf->audit.path, place, err) &&
           (conf->log_level =
                raw->log && raw->log->level ? (enum log_level) * raw->log->level : LOG_LEVEL_INFO,
            true);
}
