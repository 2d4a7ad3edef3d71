/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GetParametersForExport and GetParametersForImport: a key pair of its own, certified by our CA,
 * and a token by which requests name it. It is a key of the store that is not listed, and its
 * deletion is due when its certificate ends: token, certificate and key end together.
 */
#include <string.h>

#include "base/hex.h"
#include "daemon/worker/anchor.h"
#include "daemon/worker/authority.h"
#include "daemon/worker/parameters.h"
#include "tr34/credential.h"

static bool read_algorithm(const char *field, const char *name, enum key_algorithm *algorithm,
                           struct kf_error *err)
{
    *algorithm = key_algorithm_from_name(name);
    return key_algorithm_is_rsa(*algorithm) ||
           kf_fail(err, KF_VALIDATION, "%s: must be RSA_2048, RSA_3072 or RSA_4096.", field);
}

/* The pair, its certificate and what a reply says of both. */
struct parameters {
    enum key_purpose purpose;
    enum key_algorithm algorithm;
    struct authority authority;
    const struct p11_key *key;
    time_t until;
    uint8_t der[CERTIFICATE_MAX];
    size_t der_len;
};

static bool make(struct service *service, struct parameters *p, struct record *record,
                 struct kf_error *err)
{
    bool sends = p->purpose == PURPOSE_EXPORT_TOKEN;
    struct key_facts facts = {.algorithm = p->algorithm,
                              .mode = sends ? 'S' : 'D',
                              .version = "00",
                              .exportability = 'N',
                              .kcv_algorithm = KCV_SHA_1,
                              .kcv = KCV_NONE,
                              .purpose = p->purpose};
    struct authority_leaf leaf = {.authority = &p->authority,
                                  .profile = sends ? TR34_PROFILE_SENDER : TR34_PROFILE_RECIPIENT,
                                  .unit = sends ? "KDH" : "KRD"};
    struct key_state state = {.enabled = true};
    char token[PARAMETERS_TOKEN_MAX];

    strcpy(facts.usage, sends ? "S0" : "K2");
    if (!authority_open(service, &p->authority, err))
        return false;
    p->until = authority_until(&p->authority,
                               time(NULL) + service->conf->certificates.token_validity_ms / 1000);
    leaf.not_after = p->until;
    state.delete_ms = (int64_t)p->until * 1000;
    p->key = store_make_pair(service->store, NULL, &facts, &state, authority_certify, &leaf, err);
    if (!p->key || !store_read_certificate(service->store, p->key, p->der, &p->der_len, err))
        return false;
    parameters_token(p->key, token);
    record_text(record, sends ? "ExportToken" : "ImportToken", token);
    return true;
}

static bool write_certificates(const struct parameters *p, char *certificate, char *chain,
                               size_t room, struct kf_error *err)
{
    return tr34_text_write("CERTIFICATE", (struct der_view){p->der, p->der_len}, certificate, room,
                           err) &&
           tr34_text_write("CERTIFICATE", tr34_certificate_der(p->authority.certificate), chain,
                           room, err);
}

/* CT_KDH, for partners that speak TR-34 and not AWS. */
static bool write_credential(const struct parameters *p, char *out, size_t room,
                             struct kf_error *err)
{
    uint8_t crl[CERTIFICATE_MAX], token[TR34_TOKEN_MAX];
    struct tr34_credential credential = {.certificate = {p->der, p->der_len}, .crl = {crl, 0}};
    size_t len;

    if (!authority_crl(&p->authority, p->until, crl, sizeof crl, &credential.crl.len, err) ||
        !tr34_credential_write(&credential, token, &len, err))
        return false;
    if (2 * len >= room)
        return kf_fail(err, KF_INTERNAL, "A credential of %zu bytes does not fit into a reply.",
                       len);
    hex_encode(token, len, out);
    return true;
}

bool op_get_parameters_for_export(struct service *service, const void *request_, void *reply_,
                                  struct record *record, struct kf_error *err)
{
    const keyferry_GetParametersForExportRequest *request = request_;
    keyferry_GetParametersForExportReply *reply = reply_;
    struct parameters p = {.purpose = PURPOSE_EXPORT_TOKEN};
    bool good;

    if (!request->has_key_material_type || strcmp(request->key_material_type, TR34_FORMAT) != 0)
        return kf_fail(err, KF_VALIDATION, "KeyMaterialType: must be " TR34_FORMAT ".");
    good =
        read_algorithm("SigningKeyAlgorithm", GIVEN(request, signing_key_algorithm), &p.algorithm,
                       err) &&
        make(service, &p, record, err) &&
        write_certificates(&p, reply->signing_key_certificate, reply->signing_key_certificate_chain,
                           sizeof reply->signing_key_certificate, err) &&
        write_credential(&p, reply->kdh_credential, sizeof reply->kdh_credential, err);
    if (good) {
        strcpy(reply->signing_key_algorithm, key_algorithm_name(p.algorithm));
        parameters_token(p.key, reply->export_token);
        reply->parameters_valid_until_timestamp = (int64_t)p.until * 1000;
        reply->has_kdh_credential = true;
    }
    authority_close(&p.authority);
    return good;
}

bool op_get_parameters_for_import(struct service *service, const void *request_, void *reply_,
                                  struct record *record, struct kf_error *err)
{
    const keyferry_GetParametersForImportRequest *request = request_;
    keyferry_GetParametersForImportReply *reply = reply_;
    const char *type = GIVEN(request, key_material_type);
    bool cryptogram = type && strcmp(type, CRYPTOGRAM_FORMAT) == 0;
    struct parameters p = {.purpose = cryptogram ? PURPOSE_IMPORT_CRYPTOGRAM : PURPOSE_IMPORT_TR34};
    bool good;

    if (!cryptogram && (!type || strcmp(type, TR34_FORMAT) != 0))
        return kf_fail(err, KF_VALIDATION,
                       "KeyMaterialType: must be " TR34_FORMAT " or " CRYPTOGRAM_FORMAT ".");
    good = read_algorithm("WrappingKeyAlgorithm", GIVEN(request, wrapping_key_algorithm),
                          &p.algorithm, err) &&
           make(service, &p, record, err) &&
           write_certificates(&p, reply->wrapping_key_certificate,
                              reply->wrapping_key_certificate_chain,
                              sizeof reply->wrapping_key_certificate, err);
    if (good) {
        strcpy(reply->wrapping_key_algorithm, key_algorithm_name(p.algorithm));
        parameters_token(p.key, reply->import_token);
        reply->parameters_valid_until_timestamp = (int64_t)p.until * 1000;
    }
    authority_close(&p.authority);
    return good;
}
