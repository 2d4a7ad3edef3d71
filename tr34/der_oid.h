/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of bytes, and the constants of TR-34 as they stand on the wire: object identifiers with tag
 * and length, and whole AlgorithmIdentifiers where only one encoding, or two, ever occur.
 */
#ifndef KF_TR34_DER_OID_H
#define KF_TR34_DER_OID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Somebody else's bytes; nothing here owns or frees them. No bytes: len is 0. */
struct der_view {
    const uint8_t *bytes;
    size_t len;
};

bool der_equal(struct der_view a, struct der_view b);

/* RFC 5652 4, 5.1, 6.1 */
extern const struct der_view der_oid_data;
extern const struct der_view der_oid_signed_data;
extern const struct der_view der_oid_enveloped_data;
/* RFC 5652 11.1 to 11.3, and PKCS #9's randomNonce (TR-34:2012 B.9) */
extern const struct der_view der_oid_content_type;
extern const struct der_view der_oid_message_digest;
extern const struct der_view der_oid_signing_time;
extern const struct der_view der_oid_random_nonce;
/* RFC 4055 4.1 */
extern const struct der_view der_oid_rsaes_oaep;
extern const struct der_view der_oid_mgf1;
/* RFC 3370 5.1, RFC 3565 */
extern const struct der_view der_oid_des_ede3_cbc;
extern const struct der_view der_oid_aes128_cbc;

/* AlgorithmIdentifiers. SHA-256 is written without parameters or with NULL, and both are to be
 * accepted (RFC 5754 2). */
extern const struct der_view der_alg_sha256;
extern const struct der_view der_alg_sha256_null;
extern const struct der_view der_alg_rsa;        /* rsaEncryption, NULL */
extern const struct der_view der_alg_sha256_rsa; /* sha256WithRSAEncryption, NULL */
/* PSourceAlgorithm with the empty label */
extern const struct der_view der_alg_empty_label;

/* True where the bytes are one of the two encodings of SHA-256, and nothing more. */
bool der_is_sha256(struct der_view algorithm);

#endif
