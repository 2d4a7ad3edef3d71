/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who signs and who receives: IssuerAndSerialNumber (RFC 5652 10.2.4), always as a raw copy of what
 * stands in the certificate, tag and length included. A name written anew might choose another
 * string type, and the other side compares bytes.
 */
#ifndef KF_TR34_TOKEN_IDENTITY_H
#define KF_TR34_TOKEN_IDENTITY_H

#include "tr34/der_read.h"

/* Takes the next element, which must be an IssuerAndSerialNumber of at most TR34_IDENTITY_MAX
 * bytes. The name is taken as it is; only its frame is looked at. */
bool tr34_identity_read(struct der_reader *reader, const char *name, struct der_view *identity);

/* The same for bytes that are to be written: exactly one such element. A refusal names field, the
 * request's member whose certificate it is of. */
bool tr34_identity_check(const char *field, struct der_view identity, struct kf_error *err);

#endif
