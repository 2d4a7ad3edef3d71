/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other tokens that KDH and KRD exchange before a key can go: CT_KRD (TR-34:2019 B.7) and
 * CT_KDH (B.6) carry a certificate in SignedData without signer or content, CT_KDH with the CRL of
 * its CA; RT_KRD (B.12) is the KRD's random number, a bare Attribute. None of them is signed: what
 * they carry has to be validated.
 */
#ifndef KF_TR34_CREDENTIAL_H
#define KF_TR34_CREDENTIAL_H

#include "base/error.h"
#include "tr34/der_oid.h"
#include "tr34/layout.h"

/* RT_KRD with a nonce of TR34_NONCE_MAX */
#define TR34_RANDOM_MAX 40

struct tr34_credential {
    struct der_view certificate; /* DER */
    struct der_view crl;         /* DER, or none */
};

/* Writes CT_KRD, or CT_KDH when there is a CRL, *len bytes, the members in RFC 5652's order.
 * Refusals name Certificate and CertificateRevocationList. */
bool tr34_credential_write(const struct tr34_credential *credential, uint8_t out[TR34_TOKEN_MAX],
                           size_t *len, struct kf_error *err);

/* Parses either: exactly one certificate, at most one CRL, no signer, no content. Takes the CRL
 * also where the sample of CT_KDH has it, behind the signers. document is the request's member. */
bool tr34_credential_parse(const char *document, struct der_view bytes,
                           struct tr34_credential *credential, struct kf_error *err);

/* RT_KRD. The nonce has TR34_NONCE_MIN to TR34_NONCE_MAX bytes; parsed, it points into bytes. */
bool tr34_random_write(struct der_view nonce, uint8_t out[TR34_RANDOM_MAX], size_t *len,
                       struct kf_error *err);
bool tr34_random_parse(const char *document, struct der_view bytes, struct der_view *nonce,
                       struct kf_error *err);

#endif
