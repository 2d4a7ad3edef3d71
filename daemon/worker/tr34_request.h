/* SPDX-License-Identifier: Apache-2.0 */
/* Members of Tr34KeyBlock that name the receiver, in AWS's form or in TR-34's own. */
#ifndef KF_DAEMON_WORKER_TR34_REQUEST_H
#define KF_DAEMON_WORKER_TR34_REQUEST_H

#include "daemon/worker/service_internal.h"
#include "tr34/certificate.h"
#include "tr34/layout.h"

/* KeyBlockFormat, which has one value and is required. */
bool tr34_request_check_format(const char *format, struct kf_error *err);

/* A nonce from its hex digits, of either case. */
bool tr34_request_hex_nonce(const char *text, uint8_t out[TR34_NONCE_MAX], struct der_view *nonce,
                            struct kf_error *err);

/* The receiver's nonce: RandomNonce, or out of RT_KRD in KrdNonce; none where the request has
 * neither. nonce then is in out. */
bool tr34_request_nonce(const keyferry_ExportTr34KeyBlock *tr34, uint8_t out[TR34_NONCE_MAX],
                        struct der_view *nonce, struct kf_error *err);

/* The member that the receiver's certificate comes in. */
const char *tr34_request_recipient_field(const keyferry_ExportTr34KeyBlock *tr34);

/* The receiver's certificate: WrappingKeyCertificate, or out of CT_KRD in KrdCredential; the
 * caller's to free. NULL: refused. */
struct tr34_certificate *tr34_request_recipient(const keyferry_ExportTr34KeyBlock *tr34,
                                                struct kf_error *err);

#endif
