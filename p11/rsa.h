/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA in the token: key pairs, OAEP wrap and unwrap, signatures. Private keys are token objects of
 * a role (p11/role.h) and never leave; public keys are numbers, brought in for one job. The public
 * exponent of every pair that is made here is 65537.
 */
#ifndef KF_P11_RSA_H
#define KF_P11_RSA_H

#include <stddef.h>
#include <stdint.h>

#include "p11/role.h"
#include "p11/template.h"
#include "p11/token.h"

/* The longest modulus, cryptogram and signature, in bytes. */
#define RSA_BYTES_MAX 512

/* 65537, as certificates have it. */
#define RSA_EXPONENT_BYTES 3
extern const uint8_t rsa_exponent[RSA_EXPONENT_BYTES];

/*
 * Makes a key pair as object says: ROLE_SIGNING or ROLE_UNWRAPPING, an algorithm of RSA. The public
 * half is a session object that is gone when this returns; its modulus is written to modulus,
 * big-endian without leading zeros, *modulus_len bytes. Both halves are compared, and their length
 * with the algorithm's; whether the private key is as its role says is role_check's to find.
 * Nothing is left where this fails.
 */
bool rsa_generate(const struct p11_token *token, const struct role_object *object,
                  CK_OBJECT_HANDLE *private_key, uint8_t modulus[RSA_BYTES_MAX],
                  size_t *modulus_len, struct kf_error *err);

/* The modulus of a private key in the token, read from the object itself. */
bool rsa_modulus(const struct p11_token *token, CK_OBJECT_HANDLE private_key,
                 uint8_t modulus[RSA_BYTES_MAX], size_t *modulus_len, struct kf_error *err);

/* The template of a session public key to be generated, for the other half of a pair that unwraps
 * or signs: it may do what that undoes, since some tokens try a pair at once. */
void rsa_public_template(bool unwraps, unsigned bits, struct p11_template *out);

/* Takes the leading zeros off a big-endian number in place; its new length. */
size_t rsa_strip(uint8_t *number, size_t len);

/* A session object (ROLE_RECIPIENT) of a public key, big-endian numbers; to be destroyed. */
bool rsa_public(const struct p11_token *token, const uint8_t *modulus, size_t modulus_len,
                const uint8_t *exponent, size_t exponent_len, CK_OBJECT_HANDLE *key,
                struct kf_error *err);

/*
 * RSAES-OAEP (RFC 8017 7.1) of the bytes of key, a generic secret, with hash, P11_SHA256 or
 * P11_SHA512, for MGF1 too, and an empty label, written to out: as long as the modulus, len bytes.
 * A token that answers with another length is refused.
 */
bool op_wrap_oaep(const struct p11_token *token, enum p11_hash hash, CK_OBJECT_HANDLE public_key,
                  CK_OBJECT_HANDLE key, uint8_t *out, size_t len, struct kf_error *err);

/* The same with P11_SHA256, of a key token's content key (ROLE_CONTENT) for that cipher. */
bool op_wrap_content(const struct p11_token *token, enum p11_cipher cipher,
                     CK_OBJECT_HANDLE public_key, CK_OBJECT_HANDLE key, uint8_t *out, size_t len,
                     struct kf_error *err);

/*
 * The key that was wrapped so, with the template's attributes. Its CKA_VALUE_LEN is not asked for,
 * since some tokens refuse it and some cut the key to it: it is what the key's length must be.
 * A cryptogram that the private key does not open, or that holds a key of another length than the
 * template says, is one KF_VALIDATION with one message, the same for all: who learns more of why is
 * on the way to the plaintext. The reason is in err->detail only. A key without CKA_VALUE_LEN in
 * its template may have any length, none at all with some tokens. One that is readable where the
 * template says sensitive is a KF_INTERNAL.
 */
bool op_unwrap_oaep(const struct p11_token *token, enum p11_hash hash, CK_OBJECT_HANDLE private_key,
                    const uint8_t *wrapped, size_t len, struct p11_template *result,
                    CK_OBJECT_HANDLE *key, struct kf_error *err);

/*
 * RSASSA-PKCS1-v1_5 (RFC 8017 8.2) of len bytes of data. *signature_len is the room there is, as
 * much as the modulus has bytes or RSA_BYTES_MAX, then the signature's length. What the token
 * answers is verified with the key's own modulus before it is handed out.
 */
bool op_sign(const struct p11_token *token, enum p11_hash hash, CK_OBJECT_HANDLE private_key,
             const uint8_t *data, size_t len, uint8_t *signature, size_t *signature_len,
             struct kf_error *err);

#endif
