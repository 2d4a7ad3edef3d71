/* SPDX-License-Identifier: Apache-2.0 */
/* Initial keys of DUKPT by token operations (X9.24-1, X9.24-3). An initial key is a generic secret:
 * a DES2 object would get odd parity, and an IPEK has none. */
#include "daemon/worker/initial_key.h"

#include <string.h>

#include "base/hex.h"
#include "p11/ops.h"
#include "tr31/derive.h"

#define HALF 8
#define KCV_BYTES 3

static bool check_bdk(const struct p11_key *bdk, struct kf_error *err)
{
    static const char field[] = "ExportKeyIdentifier";

    if (!service_check_usable(field, bdk, err))
        return false;
    if (strcmp(bdk->facts.usage, "B0") != 0)
        return kf_fail(err, KF_VALIDATION,
                       "%s: key/%s has usage %s; ExportDukptInitialKey derives from a "
                       "TR31_B0_BASE_DERIVATION_KEY only.",
                       field, bdk->name, bdk->facts.usage);
    if (bdk->facts.mode != 'X' && bdk->facts.mode != 'N')
        return kf_fail(err, KF_VALIDATION, "%s: key/%s lacks the KeyModesOfUse DeriveKey.", field,
                       bdk->name);
    if (!dukpt_has_algorithm(bdk->facts.algorithm))
        return kf_fail(err, KF_VALIDATION,
                       "%s: key/%s is %s; DUKPT derives initial keys from TDES_2KEY and AES "
                       "base derivation keys only.",
                       field, bdk->name, key_algorithm_name(bdk->facts.algorithm));
    return true;
}

static bool check_token(const struct p11_token *token, enum key_algorithm bdk, struct kf_error *err)
{
    enum profile_format format = key_algorithm_is_aes(bdk) ? FORMAT_DUKPT_AES : FORMAT_DUKPT_TDES;
    char text[400];

    if (profile_can(token, format, key_algorithm_letter(bdk), text, sizeof text))
        return true;
    return kf_fail(err, KF_VALIDATION, "ExportDukptInitialKey: this token cannot make %s: %s",
                   profile_format_name(format), text);
}

/* The legacy check value is for TDES only; CMAC is for both ciphers (X9.24-1:2017, annex A). */
static bool read_check_value_algorithm(const keyferry_ExportAttributes *attributes,
                                       struct key_facts *facts, struct kf_error *err)
{
    bool aes = key_algorithm_is_aes(facts->algorithm);
    const char *name = attributes->key_check_value_algorithm;

    facts->kcv_algorithm = kcv_algorithm_for(facts->algorithm);
    if (!attributes->has_key_check_value_algorithm ||
        strcmp(name, kcv_algorithm_name(facts->kcv_algorithm)) == 0)
        return true;
    facts->kcv_algorithm = KCV_CMAC;
    if (strcmp(name, kcv_algorithm_name(KCV_CMAC)) == 0)
        return true;
    return kf_fail(err, KF_VALIDATION, "KeyCheckValueAlgorithm: for an initial key of %s it is %s.",
                   key_algorithm_name(facts->algorithm), aes ? "CMAC" : "ANSI_X9_24 or CMAC");
}

bool initial_key_describe(const struct service *service, const keyferry_ExportKeyRequest *request,
                          const struct p11_key *bdk, struct dukpt_ksn *ksn,
                          struct export_subject *subject, struct kf_error *err)
{
    const keyferry_ExportAttributes *attributes = &request->export_attributes;
    const keyferry_ExportDukptInitialKey *wanted = &attributes->export_dukpt_initial_key;

    *subject = (struct export_subject){
        .object = CK_INVALID_HANDLE,
        .facts = {.usage = "B1",
                  .algorithm = bdk->facts.algorithm,
                  .mode = 'X',
                  .version = "00",
                  .exportability = 'S'},
    };
    if (!request->has_export_attributes)
        return true;
    if (!attributes->has_export_dukpt_initial_key)
        return !attributes->has_key_check_value_algorithm ||
               kf_fail(err, KF_VALIDATION,
                       "KeyCheckValueAlgorithm: is for ExportDukptInitialKey only; the check value "
                       "of a key in the token was made with the key.");
    subject->ksn = ksn;
    return check_bdk(bdk, err) &&
           dukpt_ksn_parse(bdk->facts.algorithm,
                           wanted->has_key_serial_number ? wanted->key_serial_number : NULL, ksn,
                           err) &&
           read_check_value_algorithm(attributes, &subject->facts, err) &&
           check_token(&service->token, bdk->facts.algorithm, err);
}

static bool derive_part(const struct p11_token *token, enum p11_cipher cipher,
                        CK_OBJECT_HANDLE base, const uint8_t *data, size_t data_len, size_t len,
                        CK_OBJECT_HANDLE *part, struct kf_error *err)
{
    struct p11_template template = {0};

    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, len, &template);
    return op_derive(token, cipher, base, data, data_len, &template, part, err);
}

/* Left half under the BDK, right half under its mask variant, both of the same register. */
static bool derive_tdes(const struct p11_token *token, const struct p11_key *bdk,
                        const uint8_t *data, size_t len, CK_OBJECT_HANDLE *key,
                        struct kf_error *err)
{
    CK_OBJECT_HANDLE left = CK_INVALID_HANDLE, right = CK_INVALID_HANDLE;
    struct p11_template template = {0};
    bool good;

    role_session_template(token, ROLE_PAYLOAD, KEY_ALGORITHM_NONE, 2 * HALF, &template);
    good = derive_part(token, P11_TDES, bdk->working, data, len, HALF, &left, err) &&
           derive_part(token, P11_TDES, bdk->mask_variant, data, len, HALF, &right, err) &&
           op_join_keys(token, left, right, &template, key, err);
    op_destroy(token, &left);
    op_destroy(token, &right);
    return good;
}

/* CMAC of a block of zeros. The first encryption gives L; the block is whole, so it takes K1, and
 * zeros xor K1 is K1. */
static bool tdes_cmac(const struct p11_token *token, CK_OBJECT_HANDLE source,
                      struct key_facts *facts, struct kf_error *err)
{
    static const uint8_t zeros[HALF];
    struct tr31_cmac_subkeys subkeys = {0};
    struct p11_template template = {0};
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    uint8_t value[HALF];
    bool good = false;

    role_session_template(token, ROLE_CHECK_VALUE, facts->algorithm, 0, &template);
    if (!op_identity(token, source, key_algorithm_bytes(facts->algorithm), &template, &key, err) ||
        !op_encrypt_ecb(token, P11_TDES, key, zeros, HALF, value, err))
        goto out;
    tr31_cmac_subkeys(value, HALF, &subkeys);
    if (!op_encrypt_ecb(token, P11_TDES, key, subkeys.k1, HALF, value, err))
        goto out;
    hex_encode(value, KCV_BYTES, facts->kcv);
    good = true;

out:
    op_destroy(token, &key);
    explicit_bzero(&subkeys, sizeof subkeys);
    explicit_bzero(value, sizeof value);
    return good;
}

static bool make_check_value(const struct p11_token *token, struct export_subject *subject,
                             struct kf_error *err)
{
    struct key_facts *facts = &subject->facts;

    if (facts->kcv_algorithm == KCV_CMAC && !key_algorithm_is_aes(facts->algorithm))
        return tdes_cmac(token, subject->object, facts, err);
    return store_check_value(token, subject->object, facts->algorithm, facts, err);
}

bool initial_key_derive(const struct p11_token *token, const struct p11_key *bdk,
                        struct export_subject *subject, struct kf_error *err)
{
    enum key_algorithm algorithm = subject->facts.algorithm;
    uint8_t data[DUKPT_DATA_MAX];
    size_t len = dukpt_derivation_data(subject->ksn, data);
    bool good;

    if (key_algorithm_is_aes(algorithm))
        good = derive_part(token, P11_AES, bdk->working, data, len, key_algorithm_bytes(algorithm),
                           &subject->object, err);
    else
        good = derive_tdes(token, bdk, data, len, &subject->object, err);
    if (good && make_check_value(token, subject, err))
        return true;
    op_destroy(token, &subject->object);
    return false;
}
