/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/receiver.h"

#define TOKEN_FIELD "ImportToken"
#define KEY_FIELD "WrappingKeyIdentifier"
#define CERTIFICATE_FIELD "WrappingKeyCertificate"

static const struct pair_kind kind = {
    .key_field = KEY_FIELD,
    .certificate_field = CERTIFICATE_FIELD,
    .prefix = "Wrapping",
    .must_be = "unwraps (TR31_K2_TR34_ASYMMETRIC_KEY with Decrypt and Unwrap)",
    .purpose = TR34_RECIPIENT,
};

static void begin(struct receiver *receiver, const char *field)
{
    *receiver = (struct receiver){field, {.private_key = CK_INVALID_HANDLE}};
}

bool receiver_open_tr34(struct service *service, const keyferry_ImportTr34KeyBlock *tr34,
                        struct record *record, struct receiver *receiver, struct kf_error *err)
{
    /* AWS takes an empty ImportToken for none. */
    bool token = tr34->has_import_token && tr34->import_token[0];
    bool pair = tr34->has_wrapping_key_identifier || tr34->has_wrapping_key_certificate;

    begin(receiver, token ? TOKEN_FIELD : KEY_FIELD);
    if (token == pair)
        return kf_fail(err, KF_VALIDATION,
                       "Tr34KeyBlock: either " TOKEN_FIELD ", which get-parameters-for-import "
                       "gives, or " KEY_FIELD " with " CERTIFICATE_FIELD " is required%s.",
                       token ? ", not both" : "");
    return token ? pair_open_token(service, TOKEN_FIELD, tr34->import_token, PURPOSE_IMPORT_TR34,
                                   record, &receiver->pair, err)
                 : pair_open(service, &kind, GIVEN(tr34, wrapping_key_identifier),
                             GIVEN(tr34, wrapping_key_certificate), record, &receiver->pair, err);
}

bool receiver_open_cryptogram(struct service *service, const keyferry_ImportKeyCryptogram *in,
                              struct record *record, struct receiver *receiver,
                              struct kf_error *err)
{
    begin(receiver, TOKEN_FIELD);
    if (!in->has_import_token || !in->import_token[0])
        return kf_fail(err, KF_VALIDATION,
                       TOKEN_FIELD " is required: get-parameters-for-import gives one, for "
                                   "KeyMaterialType " CRYPTOGRAM_FORMAT ".");
    return pair_open_token(service, TOKEN_FIELD, in->import_token, PURPOSE_IMPORT_CRYPTOGRAM,
                           record, &receiver->pair, err);
}

void receiver_close(struct receiver *receiver)
{
    tr34_certificate_free(receiver->pair.certificate);
    receiver->pair.certificate = NULL;
}

bool receiver_check_strength(const struct receiver *receiver, enum key_algorithm algorithm,
                             struct kf_error *err)
{
    enum key_algorithm rsa = receiver->pair.algorithm;

    return key_strength_allows_rsa(rsa, algorithm) ||
           kf_fail(err, KF_VALIDATION, "%s: its %s key takes no %s key: it takes TDES keys%s.",
                   receiver->field, key_algorithm_name(rsa), key_algorithm_name(algorithm),
                   rsa == KEY_RSA_2048 ? "; AES_128 needs RSA_3072" : " and AES_128");
}

bool receiver_check_length(const struct receiver *receiver, const char *field, size_t len,
                           struct kf_error *err)
{
    size_t modulus_len = tr34_certificate_modulus(receiver->pair.certificate).len;

    return len == modulus_len ||
           kf_fail(err, KF_VALIDATION,
                   "%s: %zu bytes are wrapped by RSA; the %s key that %s names takes %zu.", field,
                   len, key_algorithm_name(receiver->pair.algorithm), receiver->field, modulus_len);
}
