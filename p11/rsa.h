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

/*
 * Makes a key pair as object says: a role of RSA private keys, an algorithm of RSA. The public half
 * is a session object that is gone when this returns; its modulus is written to modulus, big-endian
 * without leading zeros, *modulus_len bytes. What was made is checked against its role; nothing is
 * left where that, or anything else, fails.
 */
bool rsa_generate(const struct p11_token *token, const struct role_object *object,
                  CK_OBJECT_HANDLE *private_key, uint8_t modulus[RSA_BYTES_MAX],
                  size_t *modulus_len, struct kf_error *err);

/* The modulus of a private key in the token, read from the object itself. */
bool rsa_modulus(const struct p11_token *token, CK_OBJECT_HANDLE private_key,
                 uint8_t modulus[RSA_BYTES_MAX], size_t *modulus_len, struct kf_error *err);

/* A session object (ROLE_RECIPIENT) of a public key, big-endian numbers; to be destroyed. */
bool rsa_public(const struct p11_token *token, const uint8_t *modulus, size_t modulus_len,
                const uint8_t *exponent, size_t exponent_len, CK_OBJECT_HANDLE *key,
                struct kf_error *err);

/*
 * RSAES-OAEP (RFC 8017 7.1) of key's bytes with hash, P11_SHA256 or P11_SHA512, for MGF1 too, and
 * an empty label, written to out: as long as the modulus, len bytes. A token that answers with
 * another length is refused.
 */
bool op_wrap_oaep(const struct p11_token *token, enum p11_hash hash, CK_OBJECT_HANDLE public_key,
                  CK_OBJECT_HANDLE key, uint8_t *out, size_t len, struct kf_error *err);

/*
 * The key that was wrapped so, with the template's attributes. A cryptogram that the private key
 * does not open, for whatever reason, is one KF_VALIDATION with one message, the same for all: who
 * learns more of why is on the way to the plaintext. The reason is in err->detail only.
 */
bool op_unwrap_oaep(const struct p11_token *token, enum p11_hash hash, CK_OBJECT_HANDLE private_key,
                    const uint8_t *wrapped, size_t len, struct p11_template *result,
                    CK_OBJECT_HANDLE *key, struct kf_error *err);

/*
 * RSASSA-PKCS1-v1_5 of len bytes of data. *signature_len is the room there is, which the modulus's
 * length and RSA_BYTES_MAX are enough for, then the signature's length.
 */
bool op_sign(const struct p11_token *token, enum p11_hash hash, CK_OBJECT_HANDLE private_key,
             const uint8_t *data, size_t len, uint8_t *signature, size_t *signature_len,
             struct kf_error *err);

#endif
