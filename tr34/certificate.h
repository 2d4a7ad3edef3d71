/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An X.509 certificate with an RSA key, as it comes in a request or out of the token, and what of
 * it the formats need. Nothing is validated here but its form and its key; tr34/chain.h does that.
 */
#ifndef KF_TR34_CERTIFICATE_H
#define KF_TR34_CERTIFICATE_H

#include <stdint.h>
#include <time.h>

#include "base/error.h"
#include "tr34/der_oid.h"

struct tr34_certificate;

/*
 * Reads one certificate from AWS's form, base64 of its PEM text; nothing else may be in the text.
 * NULL on failure: a KF_VALIDATION that names field, the request's member. The key must be RSA of
 * 2048, 3072 or 4096 bits with an odd public exponent from 65537 (NIST SP 800-56B 6.2.2) to 64
 * bits, the most that tokens take.
 */
struct tr34_certificate *tr34_certificate_read(const char *field, const char *text,
                                               struct kf_error *err);
/* The same from DER. */
struct tr34_certificate *tr34_certificate_from_der(const char *field, struct der_view der,
                                                   struct kf_error *err);
void tr34_certificate_free(struct tr34_certificate *certificate);

/* Views into the certificate, for its life: its DER; its IssuerAndSerialNumber (RFC 5652 10.2.4)
 * with the issuer's and the serial's own octets, never written anew; the key's numbers, big-endian
 * without leading zeros. */
struct der_view tr34_certificate_der(const struct tr34_certificate *certificate);
struct der_view tr34_certificate_identity(const struct tr34_certificate *certificate);
struct der_view tr34_certificate_modulus(const struct tr34_certificate *certificate);
struct der_view tr34_certificate_exponent(const struct tr34_certificate *certificate);
/* Its subject in one line of printable ASCII, for messages; a long one ends in three dots. */
const char *tr34_certificate_name(const struct tr34_certificate *certificate);
/* SHA-256 of the DER, 64 lower-case hex digits and a NUL. */
#define TR34_FINGERPRINT_SIZE 65
void tr34_certificate_fingerprint(const struct tr34_certificate *certificate,
                                  char out[TR34_FINGERPRINT_SIZE]);
/* When it begins and ends. */
time_t tr34_certificate_not_before(const struct tr34_certificate *certificate);
time_t tr34_certificate_not_after(const struct tr34_certificate *certificate);

/* Whether signature is its key's, RSA PKCS #1 v1.5 with SHA-256, over data; a refusal names field.
 */
bool tr34_certificate_verify(const struct tr34_certificate *certificate, const uint8_t *data,
                             size_t len, const uint8_t *signature, size_t signature_len,
                             const char *field, struct kf_error *err);

/* AWS's form of any DER under a PEM label ("CERTIFICATE"), written to out with a NUL. */
bool tr34_text_write(const char *label, struct der_view der, char *out, size_t room,
                     struct kf_error *err);

/* The check value of a public key, AWS's SHA_1: the first four bytes of the SHA-1 of its
 * SubjectPublicKeyInfo, in upper-case hex. */
#define TR34_CHECK_VALUE_SIZE 9
bool tr34_check_value(struct der_view modulus, struct der_view exponent,
                      char out[TR34_CHECK_VALUE_SIZE], struct kf_error *err);

#endif
