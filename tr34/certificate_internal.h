/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate's inside, for the files that validate and issue. */
#ifndef KF_TR34_CERTIFICATE_INTERNAL_H
#define KF_TR34_CERTIFICATE_INTERNAL_H

#include <openssl/x509.h>

#include "tr34/certificate.h"

#define CERTIFICATE_NAME_MAX 160

struct tr34_certificate {
    X509 *x509;
    uint8_t *der, *identity, *modulus;
    size_t der_len, identity_len, modulus_len;
    uint8_t exponent[8]; /* SoftHSM, NSS and OpenSSL refuse longer ones, at some sizes of modulus */
    size_t exponent_len;
    char name[CERTIFICATE_NAME_MAX];
};

/* A public key of these numbers, to be freed by EVP_PKEY_free; NULL where OpenSSL takes none. */
EVP_PKEY *certificate_key(struct der_view modulus, struct der_view exponent);

/*
 * Whether the modulus can be that of an RSA key: odd, without a prime factor below 752, neither a
 * prime nor the power of one (NIST SP 800-56B 6.4.2.2). Tokens answer to some others with errors
 * that look like their own troubles. Large factors are the owner's affair and cannot be seen here.
 * Takes 3, 9 or 20 ms, for 2048, 3072 or 4096 bits.
 */
bool certificate_check_modulus(const struct tr34_certificate *certificate, const char *field,
                               struct kf_error *err);

/* Whether a signature by this algorithm, a certificate's or a list's, is over a hash that can be
 * relied on: SHA-256, SHA-384 or SHA-512. */
bool certificate_strong_signature(const X509_ALGOR *algorithm);

#endif
