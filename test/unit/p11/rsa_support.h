/* SPDX-License-Identifier: Apache-2.0 */
/* RSA as OpenSSL does it, both halves: what the token's answers are held against. */
#ifndef KF_TEST_UNIT_P11_RSA_SUPPORT_H
#define KF_TEST_UNIT_P11_RSA_SUPPORT_H

#include <openssl/evp.h>

#include "p11/rsa.h"
#include "test/unit/p11/store_support.h"

/* As store_setup and store_teardown, for tests that replace functions of the module: where it keeps
 * them, and what they were. */
extern CK_FUNCTION_LIST *functions, original;
void rsa_setup(void);
void rsa_teardown(void);

/* A modulus of OpenSSL's key, and OpenSSL's key of a modulus. */
size_t modulus_of(const EVP_PKEY *key, uint8_t modulus[RSA_BYTES_MAX]);
EVP_PKEY *key_of(const uint8_t *modulus, size_t len);

/* How a cryptogram is made, or opened. */
struct padding {
    const EVP_MD *hash, *mgf;
    const char *label; /* NULL: none */
};
extern const enum p11_hash oaep_hashes[2];
struct padding padding_of(enum p11_hash hash);

/* The cryptogram's or the value's length. */
size_t openssl_wrap(EVP_PKEY *key, const struct padding *padding, const uint8_t *value, size_t len,
                    uint8_t out[RSA_BYTES_MAX]);
size_t openssl_unwrap(EVP_PKEY *key, const struct padding *padding, const uint8_t *wrapped,
                      size_t len, uint8_t out[RSA_BYTES_MAX]);

/* A pair in the token, with an id of its own. */
CK_OBJECT_HANDLE make_pair(enum p11_role role, enum key_algorithm algorithm,
                           uint8_t modulus[RSA_BYTES_MAX], size_t *len);
void describe_pair(enum p11_role role, enum key_algorithm algorithm, struct role_object *object);

/* Bytes that begin the value of every key these tests know, of odd parity. */
extern const uint8_t known_value[64];
/* A session object of that value, sensitive and extractable. */
CK_OBJECT_HANDLE make_known(CK_KEY_TYPE type, size_t len);

#endif
