/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One wrapper for each C_ function a session uses. Each returns the CKR as it came and records a
 * failure with the call's name, CKR and time in err (NULL: the caller expects failures). Lengths
 * are bounded by the caller's buffers: a token's own length query is not trusted, only the length
 * of a call that succeeded; nor is a handle of one that failed, which becomes CK_INVALID_HANDLE. A
 * failure that may have left something in the session casts doubt on it (p11_session_doubt).
 * There is no C_Decrypt, on purpose.
 */
#ifndef KF_P11_CALLS_H
#define KF_P11_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "p11/template.h"

struct p11_session;

CK_RV p11_generate_key(struct p11_session *session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template,
                       CK_ULONG count, CK_OBJECT_HANDLE *key, struct kf_error *err);
CK_RV p11_generate_pair(struct p11_session *session, CK_MECHANISM *mechanism,
                        const struct p11_template *public_template,
                        const struct p11_template *private_template, CK_OBJECT_HANDLE *public_key,
                        CK_OBJECT_HANDLE *private_key, struct kf_error *err);
CK_RV p11_derive_key(struct p11_session *session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                     CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key,
                     struct kf_error *err);
CK_RV p11_wrap_key(struct p11_session *session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
                   CK_OBJECT_HANDLE key, uint8_t *out, CK_ULONG *len, struct kf_error *err);
CK_RV p11_unwrap_key(struct p11_session *session, CK_MECHANISM *mechanism,
                     CK_OBJECT_HANDLE unwrapping, const uint8_t *wrapped, CK_ULONG len,
                     CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key,
                     struct kf_error *err);
/* C_EncryptInit and C_Encrypt. */
CK_RV p11_encrypt(struct p11_session *session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                  const uint8_t *data, CK_ULONG data_len, uint8_t *out, CK_ULONG *len,
                  struct kf_error *err);
/* C_SignInit and C_Sign. */
CK_RV p11_sign(struct p11_session *session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
               const uint8_t *data, CK_ULONG data_len, uint8_t *out, CK_ULONG *len,
               struct kf_error *err);
CK_RV p11_create_object(struct p11_session *session, CK_ATTRIBUTE *template, CK_ULONG count,
                        CK_OBJECT_HANDLE *object, struct kf_error *err);
CK_RV p11_copy_object(struct p11_session *session, CK_OBJECT_HANDLE source, CK_ATTRIBUTE *template,
                      CK_ULONG count, CK_OBJECT_HANDLE *object, struct kf_error *err);
CK_RV p11_destroy_object(struct p11_session *session, CK_OBJECT_HANDLE object,
                         struct kf_error *err);
/* Lengths are at most what there was room for after CKR_OK, else it is CKR_GENERAL_ERROR. A token
 * that refuses single attributes says so in their lengths; one that does not has refused the call
 * and says nothing of the object: that is CKR_FUNCTION_REJECTED, with the token's own answer in
 * err. */
CK_RV p11_get_attributes(struct p11_session *session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE *template, CK_ULONG count, struct kf_error *err);
CK_RV p11_set_attributes(struct p11_session *session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE *template, CK_ULONG count, struct kf_error *err);
CK_RV p11_generate_random(struct p11_session *session, uint8_t *out, size_t len,
                          struct kf_error *err);

/* C_FindObjectsInit, C_FindObjects until done, C_FindObjectsFinal. *objects is allocated for the
 * caller to free (never NULL on success). */
CK_RV p11_find_objects(struct p11_session *session, CK_ATTRIBUTE *template, CK_ULONG count,
                       CK_OBJECT_HANDLE **objects, size_t *found, struct kf_error *err);

/* Whether the session still is one of a logged-in user, by C_GetSessionInfo: tells a token that
 * refused one call (SoftHSM says CKR_GENERAL_ERROR for much) from one that is gone. False is
 * KF_FAULT_LOGIN or what the CKR says. */
bool p11_session_alive(struct p11_session *session, struct kf_error *err);

/* Whether the session's token still is in its slot, and no other, by C_GetTokenInfo: tells an
 * object that is gone from a token that is. (SoftHSM finds nothing, and says CKR_OK, in a token
 * whose directory was away for a moment, until it is initialised anew.) */
bool p11_token_present(struct p11_session *session, struct kf_error *err);

#endif
