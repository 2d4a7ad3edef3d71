/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates in the token: X.509 in DER, public objects beside the keys they certify. A token
 * knows a certificate by its issuer and serial number, and some take each only once.
 */
#ifndef KF_P11_OBJECT_CERTIFICATE_H
#define KF_P11_OBJECT_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "p11/role.h"
#include "p11/token.h"

/* The longest certificate that is kept, in bytes of DER. */
#define CERTIFICATE_MAX 8192

/*
 * Puts a certificate into the token: object has ROLE_CERTIFICATE, an id and a label. der is one
 * whole certificate. One that is no certificate, or longer than CERTIFICATE_MAX, is a
 * KF_VALIDATION; one with an issuer and serial number that the token has already, under whatever
 * label, a KF_CONFLICT. What was made is read back and compared with der, and is gone where it
 * differs; whether it is as its role says is role_check's to find.
 */
bool certificate_make(const struct p11_token *token, const struct role_object *object,
                      const uint8_t *der, size_t len, CK_OBJECT_HANDLE *certificate,
                      struct kf_error *err);

/* The certificate with der's issuer and serial number, CK_INVALID_HANDLE where there is none. */
bool certificate_find(const struct p11_token *token, const uint8_t *der, size_t len,
                      CK_OBJECT_HANDLE *certificate, struct kf_error *err);

/* The certificate's DER, at most CERTIFICATE_MAX bytes; KF_FAULT_STALE where the object is gone. */
bool certificate_read(const struct p11_token *token, CK_OBJECT_HANDLE certificate,
                      uint8_t der[CERTIFICATE_MAX], size_t *len, struct kf_error *err);

#endif
