/* SPDX-License-Identifier: Apache-2.0 */
/* A CA's certificate revocation list (RFC 5280 5). */
#ifndef KF_TR34_CRL_H
#define KF_TR34_CRL_H

#include <time.h>

#include "base/error.h"
#include "tr34/certificate.h"

struct tr34_crl;

/* Longer files are none. */
#define TR34_CRL_MAX (1024 * 1024)

/* Reads a file, PEM or DER, of one list. NULL on failure, which is a KF_UNAVAILABLE: what
 * revocation lists are there is the operator's affair, and without one nothing is accepted. */
struct tr34_crl *tr34_crl_load(const char *path, struct kf_error *err);
struct tr34_crl *tr34_crl_from_der(const char *field, struct der_view der, struct kf_error *err);
void tr34_crl_free(struct tr34_crl *crl);

struct der_view tr34_crl_der(const struct tr34_crl *crl);

/* Whether the list is this CA's own, signed by it, and current. */
bool tr34_crl_check(const struct tr34_crl *crl, const struct tr34_certificate *authority,
                    time_t now, struct kf_error *err);
/* Whether it names the certificate, which its CA issued. */
bool tr34_crl_revokes(const struct tr34_crl *crl, const struct tr34_certificate *certificate);

#endif
