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
    uint8_t exponent[16];
    size_t exponent_len;
    char name[CERTIFICATE_NAME_MAX];
};

/* A public key of these numbers, to be freed by EVP_PKEY_free; NULL where OpenSSL takes none. */
EVP_PKEY *certificate_key(struct der_view modulus, struct der_view exponent);

/* Whether a signature over a hash of this NID can be relied on: SHA-256, SHA-384 or SHA-512. */
bool certificate_strong_hash(int hash);

#endif
