/* SPDX-License-Identifier: Apache-2.0 */
/* What certificates, lists and requests are made with alike. */
#ifndef KF_TR34_ISSUE_INTERNAL_H
#define KF_TR34_ISSUE_INTERNAL_H

#include <openssl/x509.h>

#include "tr34/der_write.h"
#include "tr34/issue.h"

/* To be freed; NULL where OpenSSL does not take a part. */
X509_NAME *issue_name(const struct tr34_subject *subject);

/* sha256WithRSAEncryption and its like. */
int issue_algorithm(enum tr34_hash hash);

/* Its AlgorithmIdentifier. */
bool issue_put_algorithm(struct der_writer *writer, enum tr34_hash hash);

/* Signs the part that is to be signed and writes SEQUENCE { part, algorithm, signature }, *len
 * bytes, to out. part is OpenSSL's, of part_len bytes; where that is not positive OpenSSL failed.
 */
bool issue_sign(const uint8_t *part, int part_len, enum tr34_hash hash,
                const struct tr34_signer *signer, uint8_t *out, size_t room, size_t *len,
                struct kf_error *err);

/* The message for when OpenSSL would not. Returns false. */
bool issue_failed(struct kf_error *err);

#endif
