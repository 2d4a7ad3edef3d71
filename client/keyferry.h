/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libkeyferry: ask a Keyferry daemon for wrapped keys over its Unix socket.
 *
 * Bodies are protobuf messages of the daemon's schema (keyferry.proto), encoded with any protobuf
 * library; kf_client_export_tr31 needs none. Many requests may be in flight at once: send as many
 * as wanted, receive the replies in whatever order they come, match them by id. A client belongs to
 * one thread at a time and survives no fork. No function here ever sees a clear key.
 */
#ifndef KEYFERRY_CLIENT_H
#define KEYFERRY_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KF_CLIENT_DEFAULT_SOCKET "/run/keyferry/keyferry.sock"

/* The protocol's operations and statuses, with its numbers. Statuses are named after AWS's
 * exceptions. */
enum kf_client_operation {
    KF_CLIENT_CREATE_KEY = 1,
    KF_CLIENT_GET_KEY = 2,
    KF_CLIENT_LIST_KEYS = 3,
    KF_CLIENT_DELETE_KEY = 4,
    KF_CLIENT_CREATE_ALIAS = 5,
    KF_CLIENT_UPDATE_ALIAS = 6,
    KF_CLIENT_DELETE_ALIAS = 7,
    KF_CLIENT_GET_ALIAS = 8,
    KF_CLIENT_LIST_ALIASES = 9,
    KF_CLIENT_EXPORT_KEY = 10,
    KF_CLIENT_ADOPT_KEY = 11,
    KF_CLIENT_TOKEN = 12,
    KF_CLIENT_STATUS = 13,
    KF_CLIENT_IMPORT_KEY = 14,
    KF_CLIENT_START_KEY_USAGE = 15,
    KF_CLIENT_STOP_KEY_USAGE = 16,
    KF_CLIENT_RESTORE_KEY = 17,
    KF_CLIENT_TAG_RESOURCE = 18,
    KF_CLIENT_UNTAG_RESOURCE = 19,
    KF_CLIENT_LIST_TAGS_FOR_RESOURCE = 20,
    KF_CLIENT_INIT_CA = 21,
    KF_CLIENT_GET_PARAMETERS_FOR_EXPORT = 22,
    KF_CLIENT_GET_PARAMETERS_FOR_IMPORT = 23,
    KF_CLIENT_GET_PUBLIC_KEY_CERTIFICATE = 24,
    KF_CLIENT_GET_CERTIFICATE_SIGNING_REQUEST = 25,
};

enum kf_client_status {
    KF_CLIENT_OK = 0,
    KF_CLIENT_VALIDATION = 1,
    KF_CLIENT_NOT_FOUND = 2,
    KF_CLIENT_CONFLICT = 3,
    KF_CLIENT_ACCESS_DENIED = 4,
    KF_CLIENT_THROTTLING = 5,
    KF_CLIENT_UNAVAILABLE = 6,
    KF_CLIENT_INTERNAL = 7,
};

/* "ValidationException" and so on; "OK" for KF_CLIENT_OK. Static text. */
const char *kf_client_status_name(enum kf_client_status status);

/* Why a function returned false (or NULL). Give one that is all zero, or NULL where nobody asks. */
struct kf_client_error {
    enum kf_client_status status;
    char message[512];
};

struct kf_client;

/*
 * Connects to the daemon's socket: path, else the environment's KEYFERRY_SOCKET, else
 * KF_CLIENT_DEFAULT_SOCKET. NULL on failure: KF_CLIENT_ACCESS_DENIED where this user may not
 * connect, KF_CLIENT_UNAVAILABLE where no daemon listens, KF_CLIENT_VALIDATION for a path too long
 * for a socket.
 */
struct kf_client *kf_client_open(const char *path, struct kf_client_error *error);
/* Closes the connection and frees everything; NULL is nothing to do. Unanswered requests are lost
 * to the caller, though the daemon may still carry them out. */
void kf_client_close(struct kf_client *client);

/* How long one call of send, receive or export may wait for the daemon, in milliseconds; 0 for
 * ever, as at first. */
void kf_client_set_timeout(struct kf_client *client, unsigned milliseconds);

/* The socket, to be polled for reading in a caller's own loop; never to be read, written or closed
 * by it. A receive may already have more replies at hand: see kf_client_pending. */
int kf_client_descriptor(const struct kf_client *client);
/* Whether a whole reply has been read from the socket already, so that receive will not wait. */
bool kf_client_pending(const struct kf_client *client);

/*
 * Sends a request and sets *id (if not NULL) to the number its reply will carry. body is the
 * operation's encoded request message, body_len bytes; both may be zero. While the daemon takes
 * nothing, replies that arrive are kept for receive, so that a caller that sends many before it
 * receives any does not stand still. After a false, unless the status is KF_CLIENT_VALIDATION, the
 * connection is of no more use.
 */
bool kf_client_send(struct kf_client *client, enum kf_client_operation operation, const void *body,
                    size_t body_len, uint64_t *id, struct kf_client_error *error);

struct kf_client_reply {
    uint64_t id;
    enum kf_client_status status;
    bool more;           /* further replies with this id follow */
    const char *message; /* why status is not OK; else empty */
    const uint8_t *body; /* the operation's encoded reply message, NULL where empty */
    size_t body_len;
};

/*
 * Waits for the next reply, of whichever request. message and body stay valid until the next call
 * with this client. A refused request is a reply like any other: true, with its status. False where
 * no reply can be had: the connection was closed or refused as a whole, the time is over, or
 * nothing was asked (KF_CLIENT_VALIDATION).
 */
bool kf_client_receive(struct kf_client *client, struct kf_client_reply *reply,
                       struct kf_client_error *error);

/* What an export answers with: NUL-terminated text. */
struct kf_wrapped_key {
    char export_key_arn[152];             /* the exported key, resolved where an alias was given */
    char wrapping_key_arn[152];           /* the key it is wrapped with, resolved likewise */
    char wrapped_key_material_format[32]; /* "TR31_KEY_BLOCK" */
    char key_material[10000];             /* the key block */
    char key_check_value[32];             /* upper-case hexadecimal */
    char key_check_value_algorithm[32];   /* "CMAC" or "ANSI_X9_24" */
};

/*
 * Exports a key as a TR-31 key block, one request and its reply. Both keys are named by key id, ARN
 * or "alias/...". No other request may be in flight. A refusal is a false with the daemon's status
 * and message.
 */
bool kf_client_export_tr31(struct kf_client *client, const char *export_key_identifier,
                           const char *wrapping_key_identifier, struct kf_wrapped_key *out,
                           struct kf_client_error *error);

#ifdef __cplusplus
}
#endif

#endif
