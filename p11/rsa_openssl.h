/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA with a public key, by OpenSSL: nothing here is secret but to whoever holds the private key,
 * which never comes here. Moduli are big-endian; the public exponent is 65537.
 */
#ifndef KF_P11_RSA_OPENSSL_H
#define KF_P11_RSA_OPENSSL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p11/token.h"

#define DIGEST_INFO_MAX 96

/* Whether the signature is RSASSA-PKCS1-v1_5 of data. */
bool rsa_openssl_verify(const uint8_t *modulus, size_t modulus_len, enum p11_hash hash,
                        const uint8_t *data, size_t len, const uint8_t *signature,
                        size_t signature_len);

/* The DER of data's DigestInfo (RFC 8017 9.2): what a signature without a hash of its own is made
 * of. False where OpenSSL fails. */
bool rsa_openssl_digest_info(enum p11_hash hash, const uint8_t *data, size_t len,
                             uint8_t out[DIGEST_INFO_MAX], size_t *out_len);

/* RSAES-OAEP of a self-test's throw-away value, modulus_len bytes to out. False where OpenSSL
 * fails. */
bool rsa_openssl_oaep(const uint8_t *modulus, size_t modulus_len, enum p11_hash hash,
                      const uint8_t *value, size_t len, uint8_t *out);

#endif
