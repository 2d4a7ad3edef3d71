/* SPDX-License-Identifier: Apache-2.0 */
/* Covers: a random key of one job, under which two secrets can be compared without being seen. What
 * is wrapped under it says nothing but whether it is the same. */
#ifndef KF_P11_COVER_H
#define KF_P11_COVER_H

#include "p11/token.h"

/* A new session object that wraps and encrypts with the cipher; the caller's to destroy, and never
 * to be used for another secret. */
bool cover_make(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE *cover,
                struct kf_error *err);

#endif
