/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/pair.h"

#include <time.h>

#include "daemon/worker/parameters.h"
#include "p11/rsa.h"

static CK_OBJECT_HANDLE private_key(const struct p11_key *key, enum tr34_purpose purpose)
{
    return purpose == TR34_SENDER ? key->signing : key->unwrapping;
}

static const struct p11_key *find(struct service *service, const struct pair_kind *kind,
                                  const char *identifier, struct kf_error *err)
{
    const struct p11_key *key = service_find_key(service, kind->key_field, identifier, err);

    if (!key || !service_check_usable(kind->key_field, key, err))
        return NULL;
    if (private_key(key, kind->purpose) != CK_INVALID_HANDLE)
        return key;
    kf_fail(err, KF_VALIDATION, "%s: key/%s is not a key pair that %s.", kind->key_field, key->name,
            kind->must_be);
    return NULL;
}

/* Whether the certificate is of the private key: of another, it would make key tokens that nobody
 * takes, or take none. */
static bool is_same_key(const struct p11_token *token, const struct pair *pair, bool *same,
                        struct kf_error *err)
{
    uint8_t modulus[RSA_BYTES_MAX];
    size_t len;

    if (!rsa_modulus(token, pair->private_key, modulus, &len, err))
        return false;
    *same = der_equal(tr34_certificate_modulus(pair->certificate), (struct der_view){modulus, len});
    return true;
}

static bool check_same_key(const struct p11_token *token, const struct pair_kind *kind,
                           const struct pair *pair, struct kf_error *err)
{
    bool same;

    return is_same_key(token, pair, &same, err) &&
           (same || kf_fail(err, KF_VALIDATION, "%s (%s): is not of the key that %s names.",
                            kind->certificate_field, tr34_certificate_name(pair->certificate),
                            kind->key_field));
}

bool pair_open(struct service *service, const struct pair_kind *kind, const char *identifier,
               const char *certificate, struct record *record, struct pair *pair,
               struct kf_error *err)
{
    const struct p11_key *key = find(service, kind, identifier, err);

    if (!key)
        return false;
    service_record_key(service, record, kind->prefix, key);
    pair->private_key = private_key(key, kind->purpose);
    pair->algorithm = key->facts.algorithm;
    pair->certificate = tr34_certificate_read(kind->certificate_field, certificate, err);
    return pair->certificate && check_same_key(&service->token, kind, pair, err) &&
           tr34_own_check(pair->certificate, kind->certificate_field, kind->purpose, time(NULL),
                          err);
}

bool pair_open_token(struct service *service, const char *field, const char *text,
                     enum key_purpose purpose, struct record *record, struct pair *pair,
                     struct kf_error *err)
{
    const struct p11_key *key;
    uint8_t der[CERTIFICATE_MAX];
    size_t len;
    bool same;

    record_text(record, field, text);
    key = parameters_find(service, field, text, purpose, err);
    if (!key || !store_read_certificate(service->store, key, der, &len, err))
        return false;
    pair->private_key =
        private_key(key, purpose == PURPOSE_EXPORT_TOKEN ? TR34_SENDER : TR34_RECIPIENT);
    pair->algorithm = key->facts.algorithm;
    pair->certificate = tr34_certificate_from_der(field, (struct der_view){der, len}, err);
    return pair->certificate && is_same_key(&service->token, pair, &same, err) &&
           (same || kf_fail(err, KF_CONFLICT,
                            "%s: the certificate that is kept with its key is of another key; an "
                            "operator must look at the token.",
                            field));
}
