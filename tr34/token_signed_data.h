/* SPDX-License-Identifier: Apache-2.0 */
/* ContentInfo with SignedData (RFC 5652 3 and 5.1): the frame that key tokens and credential tokens
 * share. */
#ifndef KF_TR34_TOKEN_SIGNED_DATA_H
#define KF_TR34_TOKEN_SIGNED_DATA_H

#include "tr34/der_read.h"

struct tr34_signed_data {
    size_t info, explicit_tag, data;
};

/* Opens SignedData and puts its version; closes all that it opened. */
void tr34_signed_data_open(struct der_writer *writer, uint8_t version,
                           struct tr34_signed_data *frame);
void tr34_signed_data_close(struct der_writer *writer, const struct tr34_signed_data *frame);

/* A reader of SignedData's members, of a document that is a ContentInfo of signed-data, at most
 * TR34_TOKEN_MAX bytes, and nothing else. */
bool tr34_signed_data_enter(struct der_reader *document, struct der_reader *members);

/* SignedData.crls: [1] of exactly one CertificateList, handed out with tag and length. */
void tr34_crls_put(struct der_writer *writer, struct der_view crl);
bool tr34_crls_read(struct der_reader *members, struct der_view *crl);

/* A CRL or certificate to be written: one SEQUENCE of DER, and nothing else. A refusal names field.
 */
bool tr34_element_check(const char *field, struct der_view element, struct kf_error *err);

#endif
