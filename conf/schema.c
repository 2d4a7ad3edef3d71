/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys there are and of which type. libcyaml refuses every other key. Ranges and defaults are
 * in check.c. Booleans are enumerations, because libcyaml takes any word it does not know for true.
 */
#include <string.h>

#include "base/log.h"
#include "conf/raw.h"

#define TEXT_MAX 4096
#define ENVIRONMENT_MAX 64
#define ANCHORS_MAX 256

#define TEXT(key, structure, member)                                                            \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, structure, member, 0, \
                           TEXT_MAX)
#define NUMBER(key, structure, member) \
    CYAML_FIELD_UINT_PTR(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, structure, member)
#define SECTION(key, member, fields)                                                        \
    CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, struct raw_conf, \
                            member, fields)
#define CHOICE(key, structure, member, choices)                                             \
    CYAML_FIELD_ENUM_PTR(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER | CYAML_FLAG_STRICT, \
                         structure, member, choices, CYAML_ARRAY_LEN(choices))

static const cyaml_strval_t yes_no[] = {{"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0}};

static const cyaml_strval_t levels[] = {
    {"error", LOG_LEVEL_ERROR},
    {"warning", LOG_LEVEL_WARNING},
    {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},
};

static const cyaml_schema_value_t one_text = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, TEXT_MAX)};

static const cyaml_schema_field_t socket_fields[] = {
    TEXT("path", struct raw_socket, path),
    TEXT("mode", struct raw_socket, mode),
    NUMBER("max-frame", struct raw_socket, max_frame),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t access_fields[] = {
    TEXT("group", struct raw_access, group),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t token_fields[] = {
    TEXT("module", struct raw_token, module),
    TEXT("uri", struct raw_token, uri),
    TEXT("pin-file", struct raw_token, pin_file),
    TEXT("pin-credential", struct raw_token, pin_credential),
    TEXT("init-args", struct raw_token, init_args),
    CYAML_FIELD_SEQUENCE("environment", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, struct raw_token,
                         environment, &one_text, 0, ENVIRONMENT_MAX),
    CHOICE("accept-untrusted", struct raw_token, accept_untrusted, yes_no),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t identity_fields[] = {
    TEXT("region", struct raw_identity, region),
    TEXT("account", struct raw_identity, account),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t limits_fields[] = {
    NUMBER("connections", struct raw_limits, connections),
    NUMBER("jobs-per-connection", struct raw_limits, jobs_per_connection),
    NUMBER("jobs", struct raw_limits, jobs),
    NUMBER("output-per-connection", struct raw_limits, output_per_connection),
    NUMBER("output", struct raw_limits, output),
    NUMBER("stall-timeout", struct raw_limits, stall_timeout_ms),
    NUMBER("job-timeout", struct raw_limits, job_timeout_ms),
    NUMBER("key-generation-timeout", struct raw_limits, key_generation_timeout_ms),
    NUMBER("start-timeout", struct raw_limits, start_timeout_ms),
    NUMBER("drain-timeout", struct raw_limits, drain_timeout_ms),
    CYAML_FIELD_END,
};

static const cyaml_strval_t allow_refuse[] = {{"allow", 1}, {"refuse", 0}};

static const cyaml_schema_field_t anchor_fields[] = {
    TEXT("sha-256", struct raw_anchor, sha_256),
    TEXT("crl", struct raw_anchor, crl),
    CHOICE("key-cryptogram", struct raw_anchor, key_cryptogram, allow_refuse),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t one_anchor = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_anchor, anchor_fields)};

static const cyaml_schema_field_t certificates_fields[] = {
    NUMBER("token-validity", struct raw_certificates, token_validity_ms),
    CYAML_FIELD_SEQUENCE("anchors", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
                         struct raw_certificates, anchors, &one_anchor, 0, ANCHORS_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t audit_fields[] = {
    TEXT("path", struct raw_audit, path),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t log_fields[] = {
    CHOICE("level", struct raw_log, level, levels),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t conf_fields[] = {
    SECTION("socket", socket, socket_fields),
    SECTION("access", access, access_fields),
    SECTION("token", token, token_fields),
    NUMBER("workers", struct raw_conf, workers),
    SECTION("identity", identity, identity_fields),
    SECTION("limits", limits, limits_fields),
    SECTION("certificates", certificates, certificates_fields),
    SECTION("audit", audit, audit_fields),
    SECTION("log", log, log_fields),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t raw_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_conf, conf_fields)};

cyaml_config_t raw_config(void)
{
    return (cyaml_config_t){
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

const char *raw_choices(const char *key)
{
    if (strcmp(key, "token.accept-untrusted") == 0)
        return "yes or no";
    if (strcmp(key, "log.level") == 0)
        return "error, warning, info or debug";
    if (strcmp(key, "certificates.anchors.key-cryptogram") == 0)
        return "allow or refuse";
    return NULL;
}
