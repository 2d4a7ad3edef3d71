/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/authority.h"

#include <string.h>

#include "p11/calls.h"
#include "p11/rsa.h"

/* The CA's key is the one whose id is all zeros, so that there is one. */
#define CA_NAME "aaaaaaaaaaaaaaaa"
#define CA_ALGORITHM KEY_RSA_4096
#define CA_YEARS 10
#define DAY (24 * 3600)
/* Clocks of partners may be slow; AWS's certificates begin so, too. */
#define BEFORE 3600

static bool sign(void *context, enum tr34_hash hash, const uint8_t *data, size_t len,
                 uint8_t *signature, size_t *signature_len, struct kf_error *err)
{
    static const enum p11_hash hashes[] = {
        [TR34_SHA224] = P11_SHA224,
        [TR34_SHA256] = P11_SHA256,
        [TR34_SHA384] = P11_SHA384,
        [TR34_SHA512] = P11_SHA512,
    };
    const struct authority_key *key = context;

    return op_sign(key->token, hashes[hash], key->signing, data, len, signature, signature_len,
                   err);
}

struct tr34_signer authority_signer(struct authority_key *key)
{
    return (struct tr34_signer){sign, key};
}

static bool take(struct authority *authority, const struct p11_key *key, struct kf_error *err)
{
    uint8_t der[CERTIFICATE_MAX];
    size_t len;

    if (!store_read_certificate(authority->service->store, key, der, &len, err))
        return false;
    authority->signing = key->signing;
    authority->certificate =
        tr34_certificate_from_der("The CA's certificate", (struct der_view){der, len}, err);
    return authority->certificate != NULL;
}

bool authority_open(struct service *service, struct authority *authority, struct kf_error *err)
{
    struct kf_error missing = {0};
    const struct p11_key *key = store_own_key(service->store, CA_NAME, PURPOSE_CA, &missing);

    *authority = (struct authority){.service = service};
    if (!key && missing.status == KF_NOT_FOUND)
        return kf_fail(err, KF_CONFLICT,
                       "The token has no CA yet that could certify keys; make it once: keyferry "
                       "init-ca.");
    if (!key) {
        *err = missing;
        return false;
    }
    if (!take(authority, key, err))
        return false;
    return tr34_certificate_not_after(authority->certificate) > time(NULL) ||
           kf_fail(err, KF_CONFLICT, "The certificate of the token's CA has expired.");
}

void authority_close(struct authority *authority)
{
    tr34_certificate_free(authority->certificate);
    authority->certificate = NULL;
}

time_t authority_until(const struct authority *authority, time_t wanted)
{
    time_t end = tr34_certificate_not_after(authority->certificate);

    return wanted < end ? wanted : end;
}

/* A certificate under the CA, or its own where there is no CA's certificate yet. */
static bool issue(struct service *service, const struct tr34_certificate *authority,
                  CK_OBJECT_HANDLE signing, enum tr34_profile profile,
                  const struct tr34_subject *subject, struct der_view modulus, time_t not_after,
                  uint8_t *der, size_t room, size_t *der_len, struct kf_error *err)
{
    struct authority_key key = {&service->token, signing};
    struct tr34_signer signer = authority_signer(&key);
    struct tr34_issue what = {
        .profile = profile,
        .subject = *subject,
        .modulus = modulus,
        .exponent = {rsa_exponent, sizeof rsa_exponent},
        .authority = authority,
        .not_before = time(NULL) - BEFORE,
        .not_after = not_after,
    };

    return random_take(&service->random, &service->token, what.serial, sizeof what.serial, err) &&
           tr34_issue(&what, &signer, der, room, der_len, err);
}

bool authority_certify(void *leaf_, const struct p11_key *key, const uint8_t *modulus,
                       size_t modulus_len, uint8_t *der, size_t room, size_t *der_len,
                       struct kf_error *err)
{
    const struct authority_leaf *leaf = leaf_;
    struct service *service = leaf->authority->service;
    struct tr34_subject subject = {
        .organization = "Keyferry",
        .unit = leaf->unit,
        .common_name = service->conf->identity.account,
    };

    (void)key;
    return issue(service, leaf->authority->certificate, leaf->authority->signing, leaf->profile,
                 &subject, (struct der_view){modulus, modulus_len}, leaf->not_after, der, room,
                 der_len, err);
}

bool authority_crl(const struct authority *authority, time_t not_after, uint8_t *der, size_t room,
                   size_t *der_len, struct kf_error *err)
{
    struct authority_key key = {&authority->service->token, authority->signing};
    struct tr34_signer signer = authority_signer(&key);

    return tr34_issue_crl(authority->certificate, time(NULL) - BEFORE, not_after, &signer, der,
                          room, der_len, err);
}

struct self {
    struct service *service;
    const struct tr34_subject *subject;
};

static bool certify_self(void *context, const struct p11_key *key, const uint8_t *modulus,
                         size_t modulus_len, uint8_t *der, size_t room, size_t *der_len,
                         struct kf_error *err)
{
    const struct self *self = context;

    return issue(self->service, NULL, key->signing, TR34_PROFILE_CA, self->subject,
                 (struct der_view){modulus, modulus_len}, time(NULL) + (time_t)CA_YEARS * 365 * DAY,
                 der, room, der_len, err);
}

bool authority_make(struct service *service, const struct tr34_subject *subject,
                    struct authority *authority, struct kf_error *err)
{
    struct key_facts facts = {.usage = "S0",
                              .algorithm = CA_ALGORITHM,
                              .mode = 'S',
                              .version = "00",
                              .exportability = 'N',
                              .kcv_algorithm = KCV_SHA_1,
                              .kcv = KCV_NONE,
                              .purpose = PURPOSE_CA};
    struct key_state state = {.enabled = true};
    struct self self = {service, subject};
    struct kf_error none = {0}, failed = {0};
    const struct p11_key *key;

    *authority = (struct authority){.service = service};
    key = store_own_key(service->store, CA_NAME, PURPOSE_CA, &none);
    if (key)
        return kf_fail(err, KF_CONFLICT, "The token has its CA already; there can be one.");
    if (none.status != KF_NOT_FOUND) {
        *err = none;
        return false;
    }
    key = store_make_pair(service->store, CA_NAME, &facts, &state, certify_self, &self, &failed);
    if (key)
        return take(authority, key, err);
    /* The name of the CA's key is nothing that anybody else could look up. */
    if (failed.status == KF_CONFLICT)
        return kf_fail(err, KF_CONFLICT,
                       "The token's CA is being made by somebody else at this moment; there can be "
                       "one.");
    *err = failed;
    return false;
}
