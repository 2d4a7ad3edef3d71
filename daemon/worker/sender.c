/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/sender.h"

#include "daemon/worker/pair.h"

#define TOKEN_FIELD "ExportToken"
#define KEY_FIELD "SigningKeyIdentifier"
#define CERTIFICATE_FIELD "SigningKeyCertificate"

static const struct pair_kind kind = {
    .key_field = KEY_FIELD,
    .certificate_field = CERTIFICATE_FIELD,
    .prefix = "Signing",
    .must_be = "signs (TR31_K2_TR34_ASYMMETRIC_KEY with Encrypt and Wrap, or "
               "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE with Sign)",
    .purpose = TR34_SENDER,
};

bool sender_open(struct service *service, const keyferry_ExportTr34KeyBlock *tr34,
                 struct record *record, struct sender *sender, struct kf_error *err)
{
    /* AWS takes an empty ExportToken for none. */
    bool token = tr34->has_export_token && tr34->export_token[0];
    bool pair = tr34->has_signing_key_identifier || tr34->has_signing_key_certificate;
    struct pair found = {.private_key = CK_INVALID_HANDLE};
    bool good;

    *sender = (struct sender){.signing = CK_INVALID_HANDLE, .own = token};
    if (token == pair)
        return kf_fail(err, KF_VALIDATION,
                       "Tr34KeyBlock: either " TOKEN_FIELD ", which get-parameters-for-export "
                       "gives, or " KEY_FIELD " with " CERTIFICATE_FIELD " is required%s.",
                       token ? ", not both" : "");
    good = token ? pair_open_token(service, TOKEN_FIELD, tr34->export_token, PURPOSE_EXPORT_TOKEN,
                                   record, &found, err)
                 : pair_open(service, &kind, GIVEN(tr34, signing_key_identifier),
                             GIVEN(tr34, signing_key_certificate), record, &found, err);
    sender->signing = found.private_key;
    sender->certificate = found.certificate;
    return good;
}

void sender_close(struct sender *sender)
{
    tr34_certificate_free(sender->certificate);
    sender->certificate = NULL;
}
