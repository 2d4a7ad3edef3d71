/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/sender.h"

#include <string.h>
#include <time.h>

#include "daemon/worker/parameters.h"
#include "p11/rsa.h"
#include "tr34/chain.h"

#define TOKEN_FIELD "ExportToken"
#define KEY_FIELD "SigningKeyIdentifier"
#define CERTIFICATE_FIELD "SigningKeyCertificate"

static bool open_token(struct service *service, const char *token, struct record *record,
                       struct sender *sender, struct kf_error *err)
{
    const struct p11_key *key;
    uint8_t der[CERTIFICATE_MAX];
    size_t len;

    record_text(record, TOKEN_FIELD, token);
    key = parameters_find(service, TOKEN_FIELD, token, PURPOSE_EXPORT_TOKEN, err);
    if (!key || !store_read_certificate(service->store, key, der, &len, err))
        return false;
    sender->own = true;
    sender->signing = key->signing;
    sender->certificate = tr34_certificate_from_der(TOKEN_FIELD, (struct der_view){der, len}, err);
    return sender->certificate != NULL;
}

static const struct p11_key *find_pair(struct service *service, const char *identifier,
                                       struct kf_error *err)
{
    const struct p11_key *key = service_find_key(service, KEY_FIELD, identifier, err);

    if (!key || !service_check_usable(KEY_FIELD, key, err))
        return NULL;
    if (key->signing != CK_INVALID_HANDLE)
        return key;
    kf_fail(err, KF_VALIDATION,
            KEY_FIELD ": key/%s is not a key pair that signs (TR31_K2_TR34_ASYMMETRIC_KEY with "
                      "Encrypt and Wrap, or TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE with "
                      "Sign).",
            key->name);
    return NULL;
}

/* A certificate of another key would make tokens that nobody takes. */
static bool check_same_key(struct service *service, const struct sender *sender,
                           struct kf_error *err)
{
    struct der_view certified = tr34_certificate_modulus(sender->certificate);
    uint8_t modulus[RSA_BYTES_MAX];
    size_t len;

    if (!rsa_modulus(&service->token, sender->signing, modulus, &len, err))
        return false;
    return der_equal(certified, (struct der_view){modulus, len}) ||
           kf_fail(err, KF_VALIDATION,
                   CERTIFICATE_FIELD " (%s): is not of the key that " KEY_FIELD " names.",
                   tr34_certificate_name(sender->certificate));
}

static bool open_pair(struct service *service, const keyferry_ExportTr34KeyBlock *tr34,
                      struct record *record, struct sender *sender, struct kf_error *err)
{
    const struct p11_key *key = find_pair(service, GIVEN(tr34, signing_key_identifier), err);

    if (!key)
        return false;
    service_record_key(service, record, "Signing", key);
    sender->signing = key->signing;
    sender->certificate =
        tr34_certificate_read(CERTIFICATE_FIELD, GIVEN(tr34, signing_key_certificate), err);
    return sender->certificate && check_same_key(service, sender, err) &&
           tr34_own_check(sender->certificate, CERTIFICATE_FIELD, TR34_SENDER, time(NULL), err);
}

bool sender_open(struct service *service, const keyferry_ExportTr34KeyBlock *tr34,
                 struct record *record, struct sender *sender, struct kf_error *err)
{
    /* AWS takes an empty ExportToken for none. */
    bool token = tr34->has_export_token && tr34->export_token[0];
    bool pair = tr34->has_signing_key_identifier || tr34->has_signing_key_certificate;

    *sender = (struct sender){.signing = CK_INVALID_HANDLE};
    if (token == pair)
        return kf_fail(err, KF_VALIDATION,
                       "Tr34KeyBlock: either " TOKEN_FIELD ", which get-parameters-for-export "
                       "gives, or " KEY_FIELD " with " CERTIFICATE_FIELD " is required%s.",
                       token ? ", not both" : "");
    return token ? open_token(service, tr34->export_token, record, sender, err)
                 : open_pair(service, tr34, record, sender, err);
}

void sender_close(struct sender *sender)
{
    tr34_certificate_free(sender->certificate);
    sender->certificate = NULL;
}
