/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token operations: what Keyferry asks of a token, by the mechanism that was proven for it. Results
 * that are keys are objects with the caller's template (p11/role.h makes them), to be destroyed by
 * op_destroy; results that are bytes are ciphertext or CMAC states of public data. An operation
 * that no mechanism was proven for fails by name (KF_VALIDATION: this token cannot).
 */
#ifndef KF_P11_OPS_H
#define KF_P11_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "p11/template.h"
#include "p11/token.h"
#include "tr31/attributes.h"

/* The cipher of a TDES or AES key. */
static inline enum p11_cipher op_cipher(enum key_algorithm algorithm)
{
    return key_algorithm_is_aes(algorithm) ? P11_AES : P11_TDES;
}

#define P11_BLOCK_MAX 16
#define P11_HMAC_MAX 64
/* The longest key that is wrapped, in bytes. */
#define P11_WRAP_MAX 256

/* "join before a key" and so on, and the standard mechanisms that would do it, for messages. Static
 * text. */
const char *op_name(enum p11_operation operation);
const char *op_mechanisms(enum p11_operation operation);

/* How the operation is done here; where no mechanism was proven NULL, and the failure by name. */
const struct p11_way *op_way(const struct p11_token *token, enum p11_operation operation,
                             struct kf_error *err);

/* A new random key of an AES, TDES or HMAC algorithm, whose template says the rest (p11/role.h). */
bool op_generate(const struct p11_token *token, enum key_algorithm algorithm,
                 struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err);
/* The key made of E(base, data), data being whole blocks. */
bool op_derive(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE base,
               const uint8_t *data, size_t len, struct p11_template *result, CK_OBJECT_HANDLE *key,
               struct kf_error *err);
/* SP 800-108 counter mode, 8-bit counter first, then the fixed input; the template says
 * CKA_VALUE_LEN. */
bool op_kdf(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE base,
            const uint8_t *fixed, size_t len, struct p11_template *result, CK_OBJECT_HANDLE *key,
            struct kf_error *err);
/* The same with one key more in the call, which has a template of its own; keys are both. Only the
 * self-test asks for that. */
bool op_kdf_two(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE base,
                const uint8_t *fixed, size_t len, struct p11_template *first,
                struct p11_template *second, CK_OBJECT_HANDLE keys[2], struct kf_error *err);
bool op_join_prefix(const struct p11_token *token, const uint8_t *data, size_t len,
                    CK_OBJECT_HANDLE base, struct p11_template *result, CK_OBJECT_HANDLE *key,
                    struct kf_error *err);
bool op_join_suffix(const struct p11_token *token, CK_OBJECT_HANDLE base, const uint8_t *data,
                    size_t len, struct p11_template *result, CK_OBJECT_HANDLE *key,
                    struct kf_error *err);
bool op_join_keys(const struct p11_token *token, CK_OBJECT_HANDLE first, CK_OBJECT_HANDLE second,
                  struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err);
bool op_xor(const struct p11_token *token, CK_OBJECT_HANDLE base, const uint8_t *data, size_t len,
            struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err);
/* The key of the template's length from base, beginning at its given bit. */
bool op_cut(const struct p11_token *token, CK_OBJECT_HANDLE base, CK_ULONG first_bit,
            struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err);
/* The same value again, len bytes long, under the given template. */
bool op_identity(const struct p11_token *token, CK_OBJECT_HANDLE base, size_t len,
                 struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err);

/* The CBC encryption of key's len bytes (whole blocks, P11_WRAP_MAX at most) with the IV, written
 * to out, which holds len bytes. */
bool op_wrap_cbc(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE wrapping,
                 CK_OBJECT_HANDLE key, const uint8_t *iv, uint8_t *out, size_t len,
                 struct kf_error *err);
/* The key that was wrapped so: the CBC decryption of len bytes (whole blocks), inside the token. */
bool op_unwrap_cbc(const struct p11_token *token, enum p11_cipher cipher,
                   CK_OBJECT_HANDLE unwrapping, const uint8_t *iv, const uint8_t *wrapped,
                   size_t len, struct p11_template *result, CK_OBJECT_HANDLE *key,
                   struct kf_error *err);
bool op_encrypt_ecb(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE key,
                    const uint8_t *data, size_t len, uint8_t *out, struct kf_error *err);
bool op_encrypt_cbc(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE key,
                    const uint8_t *iv, const uint8_t *data, size_t len, uint8_t *out,
                    struct kf_error *err);
/* AES-CMAC of data, 16 bytes. */
bool op_cmac(const struct p11_token *token, CK_OBJECT_HANDLE key, const uint8_t *data, size_t len,
             uint8_t *out, struct kf_error *err);

/* HMAC of data by the hash of algorithm (KEY_HMAC_*): as many bytes as the hash has, at most
 * P11_HMAC_MAX. */
bool op_hmac(const struct p11_token *token, enum key_algorithm algorithm, CK_OBJECT_HANDLE key,
             const uint8_t *data, size_t len, uint8_t *out, struct kf_error *err);

/* Whether a key that was unwrapped is sensitive: what the token was asked for is looked at before
 * it serves. KF_INTERNAL where it is readable. */
bool op_check_sensitive(const struct p11_token *token, CK_OBJECT_HANDLE key, struct kf_error *err);

/* Destroys an object and forgets its handle; CK_INVALID_HANDLE is allowed. It is tried twice: what
 * is left in the token is in somebody's way. A failure is logged; a session object then goes with
 * its session (p11_session_doubt). False: the object may still be there. */
bool op_destroy(const struct p11_token *token, CK_OBJECT_HANDLE *object);

#endif
