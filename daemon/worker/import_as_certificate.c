/* SPDX-License-Identifier: Apache-2.0 */
/* RootCertificatePublicKey and TrustedCertificatePublicKey: whom to trust from now on. */
#include <string.h>
#include <time.h>

#include "daemon/worker/import.h"
#include "daemon/worker/anchor.h"

#define FIELD "PublicKeyCertificate"

/* What the request says the key is, against the certificate. */
static bool read_facts(bool given, const keyferry_KeyAttributes *attributes,
                       const struct tr34_certificate *certificate, struct key_facts *facts,
                       struct kf_error *err)
{
    struct der_view modulus = tr34_certificate_modulus(certificate);
    enum key_algorithm algorithm = key_algorithm_from_rsa_bits((unsigned)modulus.len * 8);

    if (!service_read_attributes(given, attributes, 1U << KEY_CLASS_PUBLIC, facts, err))
        return false;
    if (facts->algorithm != algorithm)
        return kf_fail(err, KF_VALIDATION, "KeyAlgorithm: is %s, but the certificate's key is %s.",
                       key_algorithm_name(facts->algorithm), key_algorithm_name(algorithm));
    facts->exportability = 'N';
    facts->external = true;
    facts->kcv_algorithm = KCV_SHA_1;
    return tr34_check_value(modulus, tr34_certificate_exponent(certificate), facts->kcv, err);
}

static bool keep(struct import_job *job, const struct tr34_certificate *certificate,
                 const struct key_facts *facts, struct kf_error *err)
{
    struct der_view der = tr34_certificate_der(certificate);

    job->key = store_make_anchor(job->service->store, der.bytes, der.len, facts, &job->state, err);
    if (!job->key)
        kf_error_name_field(err, FIELD);
    return job->key != NULL;
}

/* AWS's members of ImportKey that are about secret keys. */
static bool check_members(const keyferry_ImportKeyRequest *request, struct kf_error *err)
{
    if (request->has_legacy_import && request->legacy_import)
        return kf_fail(err, KF_VALIDATION, "LegacyImport: is for TDES keys.");
    return service_check_kcv_algorithm(request->has_key_check_value_algorithm,
                                       request->key_check_value_algorithm, KEY_RSA_2048, err);
}

bool import_as_root(struct import_job *job, struct kf_error *err)
{
    const keyferry_RootCertificatePublicKey *root =
        &job->request->key_material.root_certificate_public_key;
    struct key_facts facts = {.version = "00", .purpose = PURPOSE_ROOT};
    struct tr34_certificate *certificate;
    bool good;

    if (!check_members(job->request, err))
        return false;
    certificate = tr34_certificate_read(FIELD, GIVEN(root, public_key_certificate), err);
    if (!certificate)
        return false;
    anchor_record(job->record, certificate);
    good = tr34_root_check(certificate, FIELD, time(NULL), err) &&
           read_facts(root->has_key_attributes, &root->key_attributes, certificate, &facts, err) &&
           keep(job, certificate, &facts, err);
    tr34_certificate_free(certificate);
    return good;
}

bool import_as_trusted(struct import_job *job, struct kf_error *err)
{
    const keyferry_TrustedCertificatePublicKey *trusted =
        &job->request->key_material.trusted_certificate_public_key;
    struct key_facts facts = {.version = "00", .purpose = PURPOSE_INTERMEDIATE};
    struct tr34_certificate *certificate = NULL;
    struct anchor anchor;
    bool good = false;

    if (!check_members(job->request, err))
        return false;
    if (!anchor_open(job->service, GIVEN(trusted, certificate_authority_public_key_identifier),
                     job->record, &anchor, err))
        goto out;
    /* What comes from it could not be checked. */
    if (anchor.chain.count == TR34_CHAIN_MAX) {
        kf_fail(err, KF_VALIDATION,
                ANCHOR_FIELD ": has %d CAs up to its root already; there can be no more.",
                TR34_CHAIN_MAX);
        goto out;
    }
    memcpy(facts.issuer, anchor.name, sizeof facts.issuer);
    certificate = anchor_read(&anchor, FIELD, GIVEN(trusted, public_key_certificate), TR34_CA,
                              job->record, err);
    good = certificate &&
           read_facts(trusted->has_key_attributes, &trusted->key_attributes, certificate, &facts,
                      err) &&
           keep(job, certificate, &facts, err);

out:
    tr34_certificate_free(certificate);
    anchor_close(&anchor);
    return good;
}
