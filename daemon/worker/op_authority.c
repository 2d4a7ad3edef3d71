/* SPDX-License-Identifier: Apache-2.0 */
/* The CA in the token, and certificates and requests for key pairs. */
#include <string.h>

#include "daemon/worker/anchor.h"
#include "daemon/worker/authority.h"
#include "p11/rsa.h"

#define SUBJECT_FIELD "CertificateSubject"
#define PAIR_DAYS 90
#define DAY (24 * 3600)

static void read_subject(const keyferry_CertificateSubject *in, struct tr34_subject *out)
{
    *out = (struct tr34_subject){
        .country = GIVEN(in, country),
        .state = GIVEN(in, state_or_province),
        .city = GIVEN(in, city),
        .organization = GIVEN(in, organization),
        .unit = GIVEN(in, organization_unit),
        .common_name = GIVEN(in, common_name),
        .email = GIVEN(in, email_address),
    };
}

bool op_init_ca(struct service *service, const void *request_, void *reply_, struct record *record,
                struct kf_error *err)
{
    const keyferry_InitCaRequest *request = request_;
    keyferry_InitCaReply *reply = reply_;
    struct tr34_subject subject = {.organization = "Keyferry",
                                   .unit = "Keyferry CA",
                                   .common_name = service->conf->identity.account};
    struct authority authority = {.service = service};
    bool good;

    if (request->has_certificate_subject)
        read_subject(&request->certificate_subject, &subject);
    good = tr34_subject_check(&subject, SUBJECT_FIELD, err) &&
           authority_make(service, &subject, &authority, err) &&
           tr34_text_write("CERTIFICATE", tr34_certificate_der(authority.certificate),
                           reply->key_certificate, sizeof reply->key_certificate, err);
    if (good) {
        anchor_record(record, authority.certificate);
        reply->valid_until_timestamp =
            (int64_t)tr34_certificate_not_after(authority.certificate) * 1000;
    }
    authority_close(&authority);
    return good;
}

/* The key pair that the request names. */
static const struct p11_key *find_pair(struct service *service, const char *identifier,
                                       struct record *record, struct kf_error *err)
{
    static const char field[] = "KeyIdentifier";
    const struct p11_key *key = service_find_key(service, field, identifier, err);

    if (!key)
        return NULL;
    service_record_key(service, record, "", key);
    if (!service_check_usable(field, key, err))
        return NULL;
    if (key_facts_class(&key->facts) == KEY_CLASS_PAIR)
        return key;
    kf_fail(err, KF_VALIDATION,
            "%s: key/%s is not an asymmetric key pair (create-key with "
            "KeyClass ASYMMETRIC_KEY_PAIR).",
            field, key->name);
    return NULL;
}

bool op_get_public_key_certificate(struct service *service, const void *request_, void *reply_,
                                   struct record *record, struct kf_error *err)
{
    const keyferry_GetPublicKeyCertificateRequest *request = request_;
    keyferry_GetPublicKeyCertificateReply *reply = reply_;
    const struct p11_key *key = find_pair(service, GIVEN(request, key_identifier), record, err);
    bool unwraps = key && key->facts.mode == 'D';
    struct authority authority = {.service = service};
    struct authority_leaf leaf = {.authority = &authority,
                                  .profile = unwraps ? TR34_PROFILE_RECIPIENT : TR34_PROFILE_SENDER,
                                  .unit = unwraps ? "KRD" : "KDH"};
    CK_OBJECT_HANDLE handle = !key ? CK_INVALID_HANDLE : unwraps ? key->unwrapping : key->signing;
    uint8_t modulus[RSA_BYTES_MAX], der[CERTIFICATE_MAX];
    size_t modulus_len, der_len;
    bool good = false;

    if (!key || !rsa_modulus(&service->token, handle, modulus, &modulus_len, err) ||
        !authority_open(service, &authority, err))
        goto out;
    leaf.not_after = authority_until(&authority, time(NULL) + (time_t)PAIR_DAYS * DAY);
    good = authority_certify(&leaf, key, modulus, modulus_len, der, sizeof der, &der_len, err) &&
           tr34_text_write("CERTIFICATE", (struct der_view){der, der_len}, reply->key_certificate,
                           sizeof reply->key_certificate, err) &&
           tr34_text_write("CERTIFICATE", tr34_certificate_der(authority.certificate),
                           reply->key_certificate_chain, sizeof reply->key_certificate_chain, err);

out:
    authority_close(&authority);
    return good;
}

static bool read_hash(const char *name, enum tr34_hash *hash, struct kf_error *err)
{
    static const char *const names[] = {
        [TR34_SHA224] = "SHA224",
        [TR34_SHA256] = "SHA256",
        [TR34_SHA384] = "SHA384",
        [TR34_SHA512] = "SHA512",
    };

    for (size_t i = 0; name && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) {
            *hash = (enum tr34_hash)i;
            return true;
        }
    return kf_fail(err, KF_VALIDATION,
                   "SigningAlgorithm: must be SHA224, SHA256, SHA384 or SHA512.");
}

bool op_get_certificate_signing_request(struct service *service, const void *request_, void *reply_,
                                        struct record *record, struct kf_error *err)
{
    const keyferry_GetCertificateSigningRequestRequest *request = request_;
    keyferry_GetCertificateSigningRequestReply *reply = reply_;
    const struct p11_key *key = find_pair(service, GIVEN(request, key_identifier), record, err);
    struct authority_key own = {&service->token, key ? key->signing : CK_INVALID_HANDLE};
    struct tr34_signer signer = authority_signer(&own);
    uint8_t modulus[RSA_BYTES_MAX], der[CERTIFICATE_MAX];
    size_t modulus_len, der_len;
    struct tr34_subject subject;
    enum tr34_hash hash = TR34_SHA256;

    if (!key || !read_hash(GIVEN(request, signing_algorithm), &hash, err))
        return false;
    if (key->signing == CK_INVALID_HANDLE)
        return kf_fail(err, KF_VALIDATION,
                       "KeyIdentifier: key/%s only unwraps, and a request is signed with the key "
                       "itself; get-public-key-certificate shows its public key in a certificate, "
                       "from which another CA can make its own.",
                       key->name);
    if (!request->has_certificate_subject)
        return kf_fail(err, KF_VALIDATION, SUBJECT_FIELD " is required.");
    read_subject(&request->certificate_subject, &subject);
    return tr34_subject_check(&subject, SUBJECT_FIELD, err) &&
           rsa_modulus(&service->token, key->signing, modulus, &modulus_len, err) &&
           tr34_request(&subject, (struct der_view){modulus, modulus_len},
                        (struct der_view){rsa_exponent, sizeof rsa_exponent}, hash, &signer, der,
                        sizeof der, &der_len, err) &&
           tr34_text_write("CERTIFICATE REQUEST", (struct der_view){der, der_len},
                           reply->certificate_signing_request,
                           sizeof reply->certificate_signing_request, err);
}
