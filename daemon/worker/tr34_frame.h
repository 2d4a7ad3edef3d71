/* SPDX-License-Identifier: Apache-2.0 */
/* The KeyBlock of a key token encrypted around a key that stays in the token: to make one, and to
 * prove that one which was received is nothing else. */
#ifndef KF_DAEMON_WORKER_TR34_FRAME_H
#define KF_DAEMON_WORKER_TR34_FRAME_H

#include "p11/ops.h"
#include "tr34/keyblock.h"
#include "tr34/token_envelope.h"

static inline enum p11_cipher tr34_frame_cipher(enum tr34_cipher cipher)
{
    return cipher == TR34_AES128_CBC ? P11_AES : P11_TDES;
}

/*
 * Writes the CBC encryption of the frame with key's octets in it, frame->len bytes. content wraps
 * and encrypts (ROLE_CONTENT, ROLE_CONTENT_CHECK); key is a generic secret of frame->key_len bytes
 * that may be joined and wrapped. Leaves no object behind.
 */
bool tr34_frame_encrypt(const struct p11_token *token, enum tr34_cipher cipher,
                        CK_OBJECT_HANDLE content, const uint8_t *iv, const struct tr34_frame *frame,
                        CK_OBJECT_HANDLE key, uint8_t out[TR34_FRAME_MAX], struct kf_error *err);

#endif
