/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as libcyaml hands it over: every value a pointer, NULL where the file does not
 * give it, so that absent and zero differ (libcyaml 1.3 knows no defaults). Private to conf/.
 */
#ifndef KF_CONF_RAW_H
#define KF_CONF_RAW_H

#include <cyaml/cyaml.h>
#include <stdint.h>

struct raw_socket {
    char *path;
    char *mode; /* a text: in YAML 1.1 a number with a leading 0 is octal, in 1.2 it is decimal */
    uint32_t *max_frame;
};

struct raw_access {
    char *group;
};

struct raw_token {
    char *module, *uri, *pin_file, *pin_credential, *init_args;
    char **environment;
    unsigned environment_count;
    int *accept_untrusted;
};

struct raw_identity {
    char *region, *account;
};

struct raw_limits {
    uint32_t *connections, *jobs_per_connection, *jobs, *output_per_connection, *output;
    uint32_t *stall_timeout_ms;
    uint32_t *job_timeout_ms, *key_generation_timeout_ms, *start_timeout_ms, *drain_timeout_ms;
};

struct raw_anchor {
    char *sha_256, *crl;
    int *key_cryptogram;
};

struct raw_certificates {
    uint32_t *token_validity_ms;
    struct raw_anchor *anchors;
    unsigned anchors_count;
};

struct raw_audit {
    char *path;
};

struct raw_log {
    int *level;
};

struct raw_conf {
    struct raw_socket *socket;
    struct raw_access *access;
    struct raw_token *token;
    uint32_t *workers;
    struct raw_identity *identity;
    struct raw_limits *limits;
    struct raw_certificates *certificates;
    struct raw_audit *audit;
    struct raw_log *log;
};

/* The schema of the whole file, and how every call into libcyaml is configured but for the log
 * function. */
extern const cyaml_schema_value_t raw_schema;
cyaml_config_t raw_config(void);
/* What an enumerated key may be ("yes or no"), NULL for a key that is not enumerated. key as in
 * "log.level". */
const char *raw_choices(const char *key);

#endif
