/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key token KT_KDH as a whole (TR-34:2012 B.8 and B.9; RFC 5652 5): SignedData of one signer,
 * the KDH, over EnvelopedData for one recipient, the KRD. What is not signed (versions, algorithms,
 * signer, CRL) is settled by the layout, so that a reader can check it.
 *
 * To make one: tr34_frame_make and the token give the ciphertext, tr34_envelope_write the octets,
 * tr34_attributes_write what the token signs by RSA PKCS #1 v1.5 with SHA-256, and this the rest.
 */
#ifndef KF_TR34_TOKEN_H
#define KF_TR34_TOKEN_H

#include "base/error.h"
#include "tr34/der_oid.h"
#include "tr34/layout.h"

struct tr34_token {
    struct der_view envelope;   /* eContent's octets, from tr34_envelope_write */
    struct der_view crl;        /* DER, or none: as the layout rules */
    struct der_view signer;     /* the KDH's raw IssuerAndSerialNumber */
    struct der_view attributes; /* as they were signed: tag 31 */
    struct der_view signature;  /* 256, 384 or 512 bytes */
};

/* Writes the token as DER, *len bytes. The signer's refusals name field, the request's member that
 * its certificate came in; the CRL's, too long a token included, CertificateRevocationList. */
bool tr34_token_write(enum tr34_layout layout, const struct tr34_token *token, const char *field,
                      uint8_t out[TR34_TOKEN_MAX], size_t *len, struct kf_error *err);

#endif
