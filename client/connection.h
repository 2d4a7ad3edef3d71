/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to the daemon: requests out, replies in, many in flight. What libkeyferry shows to
 * its users is a thin cover of this; the command uses it as it is. Not for several threads.
 */
#ifndef KF_CLIENT_CONNECTION_H
#define KF_CLIENT_CONNECTION_H

#include <pb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/message.h"

struct connection;

/* path as for connect_path. NULL with err filled in. */
struct connection *connection_open(const char *path, struct kf_error *err);
void connection_close(struct connection *connection);
/* For each following call; 0 waits for ever. */
void connection_set_timeout(struct connection *connection, unsigned milliseconds);
int connection_descriptor(const struct connection *connection);
/* Whether connection_receive has a whole reply at hand. */
bool connection_pending(const struct connection *connection);

/* Sends a request around an encoded body; its id goes to *id. */
bool connection_send(struct connection *connection, keyferry_Operation operation, const void *body,
                     size_t len, uint64_t *id, struct kf_error *err);
/* The next reply of any request; its body stays valid until the next call. False: the connection
 * has no more. */
bool connection_receive(struct connection *connection, struct wire_response *response,
                        struct kf_error *err);
/* One request and its reply, both nanopb structures of the given types; nothing else may be in
 * flight. A refusal is a false with the daemon's status and message. */
bool connection_call(struct connection *connection, keyferry_Operation operation,
                     const pb_msgdesc_t *request_type, const void *request,
                     const pb_msgdesc_t *reply_type, void *reply, struct kf_error *err);

#endif
