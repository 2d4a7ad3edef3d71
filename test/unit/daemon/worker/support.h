/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the service share: a service over a fresh token, encoded requests, and keys of
 * known values put there by "another tool". */
#ifndef KF_TEST_UNIT_DAEMON_WORKER_SUPPORT_H
#define KF_TEST_UNIT_DAEMON_WORKER_SUPPORT_H

#include <check.h>
#include <jansson.h>
#include <string.h>

#include "daemon/worker/service_internal.h"
#include "test/unit/p11/support.h"

extern struct fixture fixture;
extern struct host_state host;
extern struct conf conf;
extern struct service *service;

/* Checked fixtures: a token and a service over it; afterwards no session object of a job may be
 * left. */
void service_setup(void);
void service_teardown(void);
/* Closes the service and opens it anew. */
void service_again(void);

/* The last answer. */
extern struct wire_response response;
extern json_t *record;
extern enum kf_fault fault;

/* Sends one request and reads the answer; the reply is left as it is where the answer is a refusal.
 */
void send_request(uint32_t operation, const pb_msgdesc_t *request_type, const void *request,
                  const pb_msgdesc_t *reply_type, void *reply);
#define SEND(OPERATION, Name, request, reply)                                               \
    send_request(keyferry_Operation_OPERATION_##OPERATION, keyferry_##Name##Request_fields, \
                 request, keyferry_##Name##Reply_fields, reply)

/* What the last answer was, the record included. */
#define expect_ok() \
    ck_assert_msg(answered(KF_OK, ""), "%s: %s", kf_status_name(response.status), response.message)
#define expect_refusal(expected, part)                                                 \
    ck_assert_msg(answered(expected, part), "%s: %s", kf_status_name(response.status), \
                  response.message)
bool answered(enum kf_status status, const char *part);
/* A member of the last record that is a text; NULL where there is none. */
const char *recorded(const char *member);

/* "TR31_P0_PIN_ENCRYPTION_KEY", "AES_128", 'B'. */
void set_attributes(keyferry_KeyAttributes *out, const char *usage, const char *algorithm,
                    char mode);
#define set_text(message, member, text) \
    ((message)->has_##member = true,    \
     snprintf((message)->member, sizeof(message)->member, "%s", text))

/* Create a key, which must succeed; its ARN goes to arn. usage is two letters. */
void create_key(const char *usage, enum key_algorithm algorithm, char mode, bool exportable,
                char arn[ARN_MAX]);
/* A CreateKey that nothing is wrong with. */
keyferry_CreateKeyRequest good_create(void);
/* Sends a GetKey; what it shows is in shown_key where it succeeds. */
extern keyferry_GetKeyReply shown_key;
void get_key(const char *identifier);
/* Sends an ExportKey; the block is in the reply where it succeeds. */
const keyferry_ExportKeyReply *export_key(const char *key, const char *wrapping);
/* The same for the initial key of a BDK. */
const keyferry_ExportKeyReply *export_initial_key(const char *bdk, const char *wrapping,
                                                  const char *ksn);
void delete_key(const char *key);
/* The last part of an ARN. */
const char *id_of(const char *arn);

/* A token object as another tool makes it: readable by nobody, extractable, CKA_DERIVE. */
struct foreign {
    const char *label;
    CK_KEY_TYPE type;
    const uint8_t *value;
    size_t len;
    bool not_extractable, not_derivable, not_destroyable, not_modifiable;
};
CK_OBJECT_HANDLE put_foreign(const struct foreign *object);

/* Writes the label of a key's card as another host would. */
void write_card(const char *arn, const struct key_state *state);

#endif
