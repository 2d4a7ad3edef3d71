/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/tr34_request.h"

#include <ctype.h>
#include <string.h>

#include "base/hex.h"
#include "daemon/worker/export.h"
#include "tr34/credential.h"
#include "tr34/document.h"

#define NONCE_FIELD "RandomNonce"
#define CREDENTIAL_FIELD "KrdCredential"
#define RANDOM_FIELD "KrdNonce"

bool tr34_request_check_format(const char *format, struct kf_error *err)
{
    return (format && strcmp(format, "X9_TR34_2012") == 0) ||
           kf_fail(err, KF_VALIDATION, "KeyBlockFormat: must be X9_TR34_2012.");
}

bool tr34_request_hex_nonce(const char *text, uint8_t out[TR34_NONCE_MAX], struct der_view *nonce,
                            struct kf_error *err)
{
    char digits[2 * TR34_NONCE_MAX + 1] = "";
    size_t len = strlen(text);

    for (size_t i = 0; i < len && i < sizeof digits - 1; i++)
        digits[i] = (char)toupper((unsigned char)text[i]);
    *nonce = (struct der_view){out, len / 2};
    return (len % 2 == 0 && len >= 2 * TR34_NONCE_MIN && len <= 2 * TR34_NONCE_MAX &&
            hex_decode(digits, len / 2, out)) ||
           kf_fail(err, KF_VALIDATION,
                   NONCE_FIELD ": must be an even number of hex digits, %d to %d.",
                   2 * TR34_NONCE_MIN, 2 * TR34_NONCE_MAX);
}

bool tr34_request_nonce(const keyferry_ExportTr34KeyBlock *tr34, uint8_t out[TR34_NONCE_MAX],
                        struct der_view *nonce, struct kf_error *err)
{
    uint8_t document[TR34_RANDOM_MAX];
    struct der_view bytes = {document, 0};

    *nonce = (struct der_view){out, 0};
    if (tr34->has_random_nonce && tr34->has_krd_nonce)
        return kf_fail(err, KF_VALIDATION,
                       NONCE_FIELD ": is given beside " RANDOM_FIELD "; one of both is enough.");
    if (tr34->has_random_nonce)
        return tr34_request_hex_nonce(tr34->random_nonce, out, nonce, err);
    if (!tr34->has_krd_nonce)
        return true;
    if (!tr34_document_read(RANDOM_FIELD, tr34->krd_nonce, document, sizeof document, &bytes.len,
                            err) ||
        !tr34_random_parse(RANDOM_FIELD, bytes, nonce, err))
        return false;
    memcpy(out, nonce->bytes, nonce->len);
    nonce->bytes = out;
    return true;
}

const char *tr34_request_recipient_field(const keyferry_ExportTr34KeyBlock *tr34)
{
    return tr34->has_krd_credential ? CREDENTIAL_FIELD : RECIPIENT_FIELD;
}

struct tr34_certificate *tr34_request_recipient(const keyferry_ExportTr34KeyBlock *tr34,
                                                struct kf_error *err)
{
    uint8_t document[TR34_TOKEN_MAX];
    struct der_view bytes = {document, 0};
    struct tr34_credential credential;

    if (!tr34->has_krd_credential)
        return tr34_certificate_read(RECIPIENT_FIELD, GIVEN(tr34, wrapping_key_certificate), err);
    if (tr34->has_wrapping_key_certificate) {
        kf_fail(err, KF_VALIDATION,
                RECIPIENT_FIELD ": is given beside " CREDENTIAL_FIELD "; one of both is enough.");
        return NULL;
    }
    if (!tr34_document_read(CREDENTIAL_FIELD, tr34->krd_credential, document, sizeof document,
                            &bytes.len, err) ||
        !tr34_credential_parse(CREDENTIAL_FIELD, bytes, &credential, err))
        return NULL;
    return tr34_certificate_from_der(CREDENTIAL_FIELD, credential.certificate, err);
}
