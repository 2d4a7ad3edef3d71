/* SPDX-License-Identifier: Apache-2.0 */
/* libkeyferry's public face: no type of the protocol's library shows through it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/connection.h"
#include "client/keyferry.h"

_Static_assert((int)KF_CLIENT_OK == (int)KF_OK && (int)KF_CLIENT_VALIDATION == (int)KF_VALIDATION &&
                   (int)KF_CLIENT_NOT_FOUND == (int)KF_NOT_FOUND &&
                   (int)KF_CLIENT_CONFLICT == (int)KF_CONFLICT &&
                   (int)KF_CLIENT_ACCESS_DENIED == (int)KF_ACCESS_DENIED &&
                   (int)KF_CLIENT_THROTTLING == (int)KF_THROTTLING &&
                   (int)KF_CLIENT_UNAVAILABLE == (int)KF_UNAVAILABLE &&
                   (int)KF_CLIENT_INTERNAL == (int)KF_INTERNAL,
               "statuses have one numbering");
_Static_assert((int)KF_CLIENT_CREATE_KEY == keyferry_Operation_OPERATION_CREATE_KEY &&
                   (int)KF_CLIENT_EXPORT_KEY == keyferry_Operation_OPERATION_EXPORT_KEY &&
                   (int)KF_CLIENT_STATUS == keyferry_Operation_OPERATION_STATUS &&
                   (int)KF_CLIENT_GET_CERTIFICATE_SIGNING_REQUEST == _keyferry_Operation_MAX,
               "operations have one numbering");

struct kf_client {
    struct connection *connection;
    struct wire_response response; /* the last one, whose message a reply points to */
};

/* Passes a failure on to the caller, who may not ask. Returns false. */
static bool failed(const struct kf_error *err, struct kf_client_error *error)
{
    if (error) {
        error->status = (enum kf_client_status)err->status;
        snprintf(error->message, sizeof error->message, "%s", err->message);
    }
    return false;
}

const char *kf_client_status_name(enum kf_client_status status)
{
    return kf_status_name((enum kf_status)status);
}

struct kf_client *kf_client_open(const char *path, struct kf_client_error *error)
{
    struct kf_error err = {0};
    struct kf_client *client = calloc(1, sizeof *client);

    if (!client) {
        kf_fail(&err, KF_UNAVAILABLE, "Out of memory.");
        failed(&err, error);
        return NULL;
    }
    client->connection = connection_open(path, &err);
    if (!client->connection) {
        failed(&err, error);
        free(client);
        return NULL;
    }
    return client;
}

void kf_client_close(struct kf_client *client)
{
    if (!client)
        return;
    connection_close(client->connection);
    free(client);
}

void kf_client_set_timeout(struct kf_client *client, unsigned milliseconds)
{
    connection_set_timeout(client->connection, milliseconds);
}

int kf_client_descriptor(const struct kf_client *client)
{
    return connection_descriptor(client->connection);
}

bool kf_client_pending(const struct kf_client *client)
{
    return connection_pending(client->connection);
}

bool kf_client_send(struct kf_client *client, enum kf_client_operation operation, const void *body,
                    size_t body_len, uint64_t *id, struct kf_client_error *error)
{
    struct kf_error err = {0};

    return connection_send(client->connection, (keyferry_Operation)operation, body, body_len, id,
                           &err) ||
           failed(&err, error);
}

bool kf_client_receive(struct kf_client *client, struct kf_client_reply *reply,
                       struct kf_client_error *error)
{
    struct kf_error err = {0};
    struct wire_response *response = &client->response;

    if (!connection_receive(client->connection, response, &err))
        return failed(&err, error);
    reply->id = response->id;
    reply->status = (enum kf_client_status)response->status;
    reply->more = response->more;
    reply->message = response->message;
    reply->body = response->body;
    reply->body_len = response->body_len;
    return true;
}

static bool put_identifier(const char *identifier, const char *name, bool *has, char *to,
                           size_t size, struct kf_error *err)
{
    size_t len = strlen(identifier);

    if (len >= size)
        return kf_fail(err, KF_VALIDATION, "%s is longer than %zu characters.", name, size - 1);
    memcpy(to, identifier, len + 1);
    *has = true;
    return true;
}

static void copy_wrapped(const keyferry_ExportKeyReply *reply, struct kf_wrapped_key *out)
{
    const keyferry_WrappedKey *wrapped = &reply->wrapped_key;

    snprintf(out->export_key_arn, sizeof out->export_key_arn, "%s", reply->export_key_arn);
    snprintf(out->wrapping_key_arn, sizeof out->wrapping_key_arn, "%s", wrapped->wrapping_key_arn);
    snprintf(out->wrapped_key_material_format, sizeof out->wrapped_key_material_format, "%s",
             wrapped->wrapped_key_material_format);
    snprintf(out->key_material, sizeof out->key_material, "%s", wrapped->key_material);
    snprintf(out->key_check_value, sizeof out->key_check_value, "%s", wrapped->key_check_value);
    snprintf(out->key_check_value_algorithm, sizeof out->key_check_value_algorithm, "%s",
             wrapped->key_check_value_algorithm);
}

_Static_assert(sizeof((struct kf_wrapped_key *)0)->key_material >=
                       sizeof((keyferry_WrappedKey *)0)->key_material &&
                   sizeof((struct kf_wrapped_key *)0)->export_key_arn >=
                       sizeof((keyferry_ExportKeyReply *)0)->export_key_arn &&
                   sizeof((struct kf_wrapped_key *)0)->key_check_value >=
                       sizeof((keyferry_WrappedKey *)0)->key_check_value,
               "a reply fits the public structure whole");

bool kf_client_export_tr31(struct kf_client *client, const char *export_key_identifier,
                           const char *wrapping_key_identifier, struct kf_wrapped_key *out,
                           struct kf_client_error *error)
{
    struct kf_error err = {0};
    keyferry_ExportKeyRequest request = keyferry_ExportKeyRequest_init_zero;
    keyferry_ExportTr31KeyBlock *block = &request.key_material.tr31_key_block;
    keyferry_ExportKeyReply reply = keyferry_ExportKeyReply_init_zero;

    request.has_key_material = true;
    request.key_material.which_material = keyferry_ExportKeyMaterial_tr31_key_block_tag;
    if (!put_identifier(export_key_identifier, "ExportKeyIdentifier",
                        &request.has_export_key_identifier, request.export_key_identifier,
                        sizeof request.export_key_identifier, &err) ||
        !put_identifier(wrapping_key_identifier, "WrappingKeyIdentifier",
                        &block->has_wrapping_key_identifier, block->wrapping_key_identifier,
                        sizeof block->wrapping_key_identifier, &err) ||
        !connection_call(client->connection, keyferry_Operation_OPERATION_EXPORT_KEY,
                         keyferry_ExportKeyRequest_fields, &request, keyferry_ExportKeyReply_fields,
                         &reply, &err))
        return failed(&err, error);
    copy_wrapped(&reply, out);
    return true;
}
