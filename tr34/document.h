/* SPDX-License-Identifier: Apache-2.0 */
/* TR-34's own documents as partners send them: DER, which a request carries as hex, as base64 or as
 * PEM text under whatever label. */
#ifndef KF_TR34_DOCUMENT_H
#define KF_TR34_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Writes the DER, *len bytes, into out, which holds room. Text in PEM is base64 of the PEM text, as
 * AWS's certificates are, since a request has no line breaks. A refusal names field. */
bool tr34_document_read(const char *field, const char *text, uint8_t *out, size_t room, size_t *len,
                        struct kf_error *err);

#endif
