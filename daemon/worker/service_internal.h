/* SPDX-License-Identifier: Apache-2.0 */
/* The service's inside, shared by the files that answer one family of operations each. */
#ifndef KF_DAEMON_WORKER_SERVICE_INTERNAL_H
#define KF_DAEMON_WORKER_SERVICE_INTERNAL_H

#include "daemon/record.h"
#include "daemon/worker/identifier.h"
#include "daemon/worker/kbpk.h"
#include "daemon/worker/random.h"
#include "daemon/worker/service.h"
#include "p11/profile.h"
#include "p11/store.h"

#define ARN_MAX 151
/* AWS's WrappedKeyMaterialFormat. */
#define TR31_FORMAT "TR31_KEY_BLOCK"
#define TR34_FORMAT "TR34_KEY_BLOCK"
#define CRYPTOGRAM_FORMAT "KEY_CRYPTOGRAM"

/* An optional member of a request's, NULL where it is not given. */
#define GIVEN(request, member) ((request)->has_##member ? (request)->member : NULL)

struct service {
    const struct conf *conf;
    unsigned slot;
    struct p11_session *session;
    struct p11_token token;
    struct p11_profile profile;
    struct p11_store *store;
    struct kbpk_cache *kbpks;
    struct random_pool random;
    uint64_t swept_ms;
    void *request, *reply; /* room for the largest of each */
};

/* One operation: reads its decoded request, fills in its zeroed reply, adds its members to the
 * audit record. */
typedef bool (*operation_handler)(struct service *service, const void *request, void *reply,
                                  struct record *record, struct kf_error *err);

bool op_create_key(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_get_key(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_list_keys(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_delete_key(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_restore_key(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_start_key_usage(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_stop_key_usage(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_create_alias(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_update_alias(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_delete_alias(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_get_alias(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_list_aliases(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_tag_resource(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_untag_resource(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_list_tags_for_resource(struct service *, const void *, void *, struct record *,
                               struct kf_error *);
bool op_export_key(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_adopt_key(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_import_key(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_init_ca(struct service *, const void *, void *, struct record *, struct kf_error *);
bool op_get_parameters_for_export(struct service *, const void *, void *, struct record *,
                                  struct kf_error *);
bool op_get_parameters_for_import(struct service *, const void *, void *, struct record *,
                                  struct kf_error *);
bool op_get_public_key_certificate(struct service *, const void *, void *, struct record *,
                                   struct kf_error *);
bool op_get_certificate_signing_request(struct service *, const void *, void *, struct record *,
                                        struct kf_error *);
bool op_describe_token(struct service *, const void *, void *, struct record *, struct kf_error *);

/* store_key and store_alias, their refusals naming the request's member. */
struct p11_key *service_key(struct service *service, const char *field, const char *name,
                            struct kf_error *err);
struct p11_alias *service_alias(struct service *service, const char *field, const char *name,
                                struct kf_error *err);
/* The key that text names in the request's member field; the name of one that an identifier leads
 * to. */
struct p11_key *service_find_key(struct service *service, const char *field, const char *text,
                                 struct kf_error *err);
bool service_key_name(struct service *service, const char *field, const char *text,
                      char name[KEY_NAME_LEN + 1], struct kf_error *err);
/* Refuses (KF_CONFLICT) a key that is disabled or to be deleted. */
bool service_check_usable(const char *field, const struct p11_key *key, struct kf_error *err);

/* Refuses (KF_CONFLICT) a change of a key that is to be deleted by the state that it has now. */
bool service_check_not_pending(const char *field, const struct p11_key *key,
                               const struct key_state *state, struct kf_error *err);
/* Tags of a request that makes a key, into its state; their keys go into the record. */
bool service_read_tags(const keyferry_Tag *tags, size_t count, struct key_state *state,
                       struct record *record, struct kf_error *err);

/* A request's KeyModesOfUse as a set; members that are not given are false. */
void service_read_modes(const keyferry_KeyModesOfUse *in, struct key_modes *out);
/* Checks a request's KeyAttributes into facts (usage, algorithm, mode). classes are those that the
 * request may ask for, each as 1 << enum key_class. */
bool service_read_attributes(bool given, const keyferry_KeyAttributes *attributes, unsigned classes,
                             struct key_facts *facts, struct kf_error *err);

void service_key_arn(const struct service *service, const char *key_name, char out[ARN_MAX]);
/* Both read an RSA pair's check value from the token. */
bool service_fill_key(const struct service *service, const struct p11_key *key, keyferry_Key *out,
                      struct kf_error *err);
bool service_fill_summary(const struct service *service, const struct p11_key *key,
                          keyferry_KeySummary *out, struct kf_error *err);
void service_fill_alias(const struct service *service, const struct p11_alias *alias,
                        keyferry_Alias *out);
/* "KeyArn" and "KeyCheckValue" of a key, under these names with the given prefix. */
void service_record_key(const struct service *service, struct record *record, const char *prefix,
                        const struct p11_key *key);

/* A key block's format, the sixteen characters of its header and its SHA-256. Not more: optional
 * blocks are the caller's own text, which no log shows. */
void service_record_block(struct record *record, const char *block);
/* The same of any material: header is NULL where there is none, of a longer one only the first
 * sixteen characters are noted. */
void service_record_material(struct record *record, const char *format, const char *header,
                             const char *material);

/* AWS lets a request name the method of the check value; there is one for each algorithm here. */
bool service_check_kcv_algorithm(bool given, const char *name, enum key_algorithm algorithm,
                                 struct kf_error *err);
/* LegacyImport of a request, into facts, of which usage, algorithm and mode are there. */
bool service_read_legacy_import(const struct service *service, bool wanted, struct key_facts *facts,
                                struct kf_error *err);

/* The page of a list: where it begins and how many it may have, from MaxResults and NextToken. */
bool service_page_size(bool given, int32_t max_results, size_t *size, struct kf_error *err);

#endif
