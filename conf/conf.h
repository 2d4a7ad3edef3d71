/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one YAML file, read and checked as a whole, then never changed; another one
 * takes its place. conf/keyferry.yaml says what every key is for; here are only shapes and units.
 * The PIN is not in it, only where the PIN lies.
 */
#ifndef KF_CONF_CONF_H
#define KF_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"

#define CONF_WORKERS_MAX 64
/* Far more than a configuration needs; keeps a wrong path (a device, a log) from being read for
 * ever. */
#define CONF_BYTES_MAX (256 * 1024)

struct conf_socket {
    const char *path;   /* absolute; fits a sockaddr_un */
    uint32_t mode;      /* permission bits of the socket file */
    uint32_t max_frame; /* bytes of the longest request, its length field not counted */
};

struct conf_access {
    const char *group; /* whose members may view and export; NULL for nobody but root and the
                          daemon's own uid */
};

struct conf_token {
    const char *module;         /* absolute path of the PKCS#11 module */
    const char *uri;            /* RFC 7512; must match exactly one initialised token */
    const char *pin_file;       /* absolute path, or NULL: exactly one of these two is given */
    const char *pin_credential; /* a file's name in $CREDENTIALS_DIRECTORY, or NULL */
    const char
        *init_args; /* for C_Initialize's pReserved; NULL when absent, then pReserved is NULL */
    const char *const *environment; /* "NAME=VALUE", for the module; environment_count of them */
    size_t environment_count;
    bool accept_untrusted; /* start though the token fails a trust check */
};

struct conf_identity {
    const char *region;  /* as AWS's key ARNs allow: [a-z]{2}-[a-z]{1,16}-[0-9]+ */
    const char *account; /* 12 digits */
};

struct conf_limits {
    uint32_t connections;           /* open at once */
    uint32_t jobs_per_connection;   /* accepted and not yet answered */
    uint32_t jobs;                  /* the same, of all connections */
    uint32_t output_per_connection; /* bytes of answers a client has not read yet; then no more of
                                       its jobs start */
    uint32_t output;                /* the same of all connections; then none of a client that has
                                       answers to read */
    uint32_t stall_timeout_ms;      /* a client that does not finish a request, or reads none of its
                                       answers, for so long is disconnected */
    uint32_t job_timeout_ms;        /* a worker that takes longer over one job is killed */
    uint32_t key_generation_timeout_ms; /* the same for jobs that make or clone keys */
    uint32_t start_timeout_ms;          /* a worker that takes longer to open the token is killed */
    uint32_t drain_timeout_ms;          /* what jobs under way get when the daemon is told to end */
};

/* What holds for a CA certificate that was imported, and for those below it. */
struct conf_anchor {
    const char *sha_256; /* of its DER, 64 lower-case hex digits; NULL for every one */
    const char *crl;     /* absolute path of its revocation list, PEM or DER, or NULL */
    bool key_cryptogram; /* keys may leave to its certificates without a key block */
};

struct conf_certificates {
    uint32_t token_validity_ms; /* of tokens for export and import, and their certificates */
    const struct conf_anchor *anchors;
    size_t anchors_count;
};

struct conf_audit {
    const char *path; /* absolute */
};

struct conf {
    struct conf_socket socket;
    struct conf_access access;
    struct conf_token token;
    uint32_t workers; /* 1..CONF_WORKERS_MAX */
    struct conf_identity identity;
    struct conf_limits limits;
    struct conf_certificates certificates;
    struct conf_audit audit;
    enum log_level log_level;
};

/*
 * Reads and checks a configuration. NULL on failure: the error's message is "FILE:LINE: " and what
 * is wrong with which key (":LINE" where a line is to blame). The result and everything in it is
 * freed by conf_free.
 */
struct conf *conf_load(const char *path, struct kf_error *err);
/* The same from an open descriptor, which is read from its beginning and stays open. name is for
 * messages. */
struct conf *conf_load_fd(int fd, const char *name, struct kf_error *err);
void conf_free(struct conf *conf);

/* Records what is wrong with a loaded configuration's key ("access.group"), as conf_load does: with
 * the file and the line, a KF_FAULT_CONFIG. Returns false. */
bool conf_fail(const struct conf *conf, const char *key, struct kf_error *err, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* What it takes to go from one configuration to another while the daemon runs; the last one that is
 * met counts. */
enum conf_change {
    CONF_SAME,
    CONF_AT_ONCE, /* parent and front take it as they are */
    CONF_WORKERS, /* it is a worker's from its start on: others take their places */
    CONF_RESTART, /* only a restart of the daemon does it */
};

/* Compares every key. False where one differs that only a restart can change; then err is
 * conf_fail's, about the key in next, and says why. */
bool conf_compare(const struct conf *running, const struct conf *next, enum conf_change *change,
                  struct kf_error *err);

/* Whether the module, revocation lists and the PIN's file are there; report gets a line for each
 * that is not. What the caller may not read, or only systemd knows, is a note there and no failure:
 * who checks a configuration need not be the daemon's user. */
bool conf_check_files(const struct conf *conf, FILE *report);

/* The path of the PIN's file. KF_FAULT_CONFIG where a credential is named and systemd passed none,
 * or the path is too long. Does not look whether the file is there. */
bool conf_pin_path(const struct conf_token *token, char *path, size_t room, struct kf_error *err);

#endif
