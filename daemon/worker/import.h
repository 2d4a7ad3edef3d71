/* SPDX-License-Identifier: Apache-2.0 */
/* One import on its way: what all formats share. Each format has a function that takes the request
 * to a key of the store. */
#ifndef KF_DAEMON_WORKER_IMPORT_H
#define KF_DAEMON_WORKER_IMPORT_H

#include "daemon/worker/service_internal.h"
#include "tr31/header.h"

struct import_job {
    struct service *service;
    const keyferry_ImportKeyRequest *request;
    struct record *record;
    struct key_state state;    /* of the key to be made, its tags with it */
    const struct p11_key *key; /* the made one */
};

/*
 * Makes object's value, which has just come out of a key block or a cryptogram, a key of the store:
 * job->key. facts say usage, algorithm, mode, version, exportability, origin and an HMAC key's
 * length; what the request asks of any key is checked here, and that its parts differ. The object
 * stays the caller's.
 */
bool import_take(struct import_job *job, CK_OBJECT_HANDLE object, struct key_facts *facts,
                 struct kf_error *err);

/* The bytes of upper-case hex text, which came in field: at least one, at most room. */
bool import_read_hex(const char *field, const char *text, uint8_t *out, size_t room, size_t *len,
                     struct kf_error *err);

/* The request's member that key blocks and key tokens come in. */
#define IMPORT_BLOCK_FIELD "WrappedKeyBlock"

/* What is wrong with a block's text or header, with that member in front. */
bool import_refuse_block(const struct kf_error *why, struct kf_error *err);
/* Refuses a header of a component: only whole keys are imported. */
bool import_check_whole(const struct tr31_header *header, struct kf_error *err);
/* The cipher key that a header's letter, A or T, and the key's length in bytes make. */
enum key_algorithm import_cipher_key(char letter, size_t len);
/* What a header says of the key, into facts, whose algorithm is there. Refused: a usage, algorithm
 * and mode that no key is imported with. */
bool import_read_header(const struct tr31_header *header, struct key_facts *facts,
                        struct kf_error *err);

/* The formats. */
bool import_as_tr31(struct import_job *job, struct kf_error *err);
bool import_as_tr34(struct import_job *job, struct kf_error *err);
bool import_as_cryptogram(struct import_job *job, struct kf_error *err);
bool import_as_root(struct import_job *job, struct kf_error *err);
bool import_as_trusted(struct import_job *job, struct kf_error *err);

#endif
