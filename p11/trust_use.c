/* SPDX-License-Identifier: Apache-2.0 */
/* Each use as the PKCS#11 calls it needs. */
#include "p11/trust_use.h"

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/rsa.h"

#define DATA_LEN 32
#define KEY_LEN 32
#define RSA_LEN 256

enum param {
    PARAM_NONE,
    PARAM_IV,
    PARAM_STRING,
    PARAM_CBC_DATA,
    PARAM_BIT,
    PARAM_KDF,
    PARAM_KEY,
    PARAM_OAEP_SHA1,
    PARAM_OAEP_SHA256,
};

const struct use_row use_rows[] = {
    {NAMED(CKM_AES_ECB), PROBE_ENCRYPT, PARAM_NONE, KEY_LEN, false},
    {NAMED(CKM_AES_CBC), PROBE_ENCRYPT, PARAM_IV, KEY_LEN, false},
    {NAMED(CKM_AES_CMAC), PROBE_SIGN, PARAM_NONE, KEY_LEN, false},
    {NAMED(CKM_AES_ECB), PROBE_WRAP, PARAM_NONE, KEY_LEN, false},
    {NAMED(CKM_AES_CBC), PROBE_WRAP, PARAM_IV, KEY_LEN, false},
    {NAMED(CKM_AES_CBC_PAD), PROBE_WRAP, PARAM_IV, KEY_LEN, false},
    {NAMED(CKM_AES_KEY_WRAP), PROBE_WRAP, PARAM_NONE, KEY_LEN, false},
    {NAMED(CKM_AES_KEY_WRAP_PAD), PROBE_WRAP, PARAM_NONE, KEY_LEN, false},
    {NAMED(CKM_AES_ECB_ENCRYPT_DATA), PROBE_DERIVE, PARAM_STRING, KEY_LEN, false},
    {NAMED(CKM_AES_CBC_ENCRYPT_DATA), PROBE_DERIVE, PARAM_CBC_DATA, KEY_LEN, false},
    {NAMED_KF(CKM_SP800_108_COUNTER_KDF), PROBE_DERIVE, PARAM_KDF, KEY_LEN, false},
    {NAMED(CKM_CONCATENATE_DATA_AND_BASE), PROBE_DERIVE, PARAM_STRING, DATA_LEN + KEY_LEN, true},
    {NAMED(CKM_CONCATENATE_BASE_AND_DATA), PROBE_DERIVE, PARAM_STRING, KEY_LEN + DATA_LEN, true},
    {NAMED(CKM_CONCATENATE_BASE_AND_KEY), PROBE_DERIVE, PARAM_KEY, 2 * KEY_LEN, true},
    {NAMED(CKM_XOR_BASE_AND_DATA), PROBE_DERIVE, PARAM_STRING, KEY_LEN, true},
    {NAMED(CKM_EXTRACT_KEY_FROM_KEY), PROBE_DERIVE, PARAM_BIT, KEY_LEN, true},
};
const size_t use_row_count = sizeof use_rows / sizeof use_rows[0];
/* With either hash: a token may have only one of them. */
const struct use_row use_oaep[USE_OAEPS] = {
    {"CKM_RSA_PKCS_OAEP with SHA-1", CKM_RSA_PKCS_OAEP, PROBE_WRAP, PARAM_OAEP_SHA1, KEY_LEN,
     false},
    {"CKM_RSA_PKCS_OAEP with SHA-256", CKM_RSA_PKCS_OAEP, PROBE_WRAP, PARAM_OAEP_SHA256, KEY_LEN,
     false},
};

static const uint8_t data[DATA_LEN] = "data for a use that is refused..";

/* Every parameter there is; the mechanism points at one of them. */
struct parameters {
    uint8_t iv[P11_BLOCK_MAX];
    CK_KEY_DERIVATION_STRING_DATA string;
    CK_AES_CBC_ENCRYPT_DATA_PARAMS cbc_data;
    kf_extract_params bit;
    CK_OBJECT_HANDLE key;
    CK_RSA_PKCS_OAEP_PARAMS oaep;
    kf_sp800_108_counter_format counter;
    kf_prf_data_param input[2];
    kf_sp800_108_kdf_params kdf;
};

#define POINT(mechanism, field) \
    ((mechanism)->pParameter = &(field), (mechanism)->ulParameterLen = sizeof(field))

static void fill(const struct use_row *row, CK_OBJECT_HANDLE other, struct parameters *in,
                 CK_MECHANISM *mechanism)
{
    *mechanism = (CK_MECHANISM){row->mechanism, NULL, 0};
    *in = (struct parameters){
        .string = {(CK_BYTE_PTR)data, sizeof data},
        .cbc_data = {.pData = (CK_BYTE_PTR)data, .length = sizeof data},
        .key = other,
        .oaep = {.hashAlg = CKM_SHA_1, .mgf = CKG_MGF1_SHA1, .source = CKZ_DATA_SPECIFIED},
        .counter = {CK_FALSE, 8},
        .kdf = {.prfType = CKM_AES_CMAC, .ulNumberOfDataParams = 2},
    };
    in->input[0] =
        (kf_prf_data_param){KF_CK_SP800_108_ITERATION_VARIABLE, &in->counter, sizeof in->counter};
    in->input[1] = (kf_prf_data_param){KF_CK_SP800_108_BYTE_ARRAY, (void *)data, 7};
    in->kdf.pDataParams = in->input;
    switch ((enum param)row->param) {
    case PARAM_NONE:
        break;
    case PARAM_IV:
        POINT(mechanism, in->iv);
        break;
    case PARAM_STRING:
        POINT(mechanism, in->string);
        break;
    case PARAM_CBC_DATA:
        POINT(mechanism, in->cbc_data);
        break;
    case PARAM_BIT:
        POINT(mechanism, in->bit);
        break;
    case PARAM_KDF:
        POINT(mechanism, in->kdf);
        break;
    case PARAM_KEY:
        POINT(mechanism, in->key);
        break;
    case PARAM_OAEP_SHA1:
        POINT(mechanism, in->oaep);
        break;
    case PARAM_OAEP_SHA256:
        in->oaep.hashAlg = CKM_SHA256;
        in->oaep.mgf = CKG_MGF1_SHA256;
        POINT(mechanism, in->oaep);
        break;
    }
}

static CK_RV derive(struct probe *probe, const struct use_row *row, CK_MECHANISM *mechanism,
                    CK_OBJECT_HANDLE key, unsigned result, CK_OBJECT_HANDLE *made)
{
    struct kf_error ignored = {0};
    struct p11_template template;
    CK_OBJECT_HANDLE derived;
    CK_RV rv;

    probe_template(&template, CKK_GENERIC_SECRET, row->len, result);
    rv = p11_derive_key(probe->token->session, mechanism, key, template.attributes, template.count,
                        &derived, NULL);
    if (rv != CKR_OK)
        return rv;
    if (made)
        *made = derived;
    return probe_keep(probe, derived, &ignored) ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV use_key(struct probe *probe, const struct use_row *row, CK_OBJECT_HANDLE key,
              CK_OBJECT_HANDLE other, unsigned result, CK_OBJECT_HANDLE *made)
{
    struct p11_session *session = probe->token->session;
    struct parameters parameters;
    CK_MECHANISM mechanism;
    uint8_t out[2 * RSA_LEN];
    CK_ULONG len = sizeof out;

    fill(row, other, &parameters, &mechanism);
    if (row->flag == PROBE_ENCRYPT)
        return p11_encrypt(session, &mechanism, key, data, sizeof data, out, &len, NULL);
    if (row->flag == PROBE_SIGN)
        return p11_sign(session, &mechanism, key, data, sizeof data, out, &len, NULL);
    if (row->flag == PROBE_WRAP)
        return p11_wrap_key(session, &mechanism, key, other, out, &len, NULL);
    return derive(probe, row, &mechanism, key, result, made);
}

/* An odd number of 2048 bits does for encrypting. */
bool use_public_key(struct probe *probe, CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    struct p11_template template = {0};
    uint8_t modulus[RSA_LEN];

    if (p11_generate_random(probe->token->session, modulus, sizeof modulus, err) != CKR_OK)
        return false;
    modulus[0] |= 0x80;
    modulus[RSA_LEN - 1] |= 0x01;
    template_number(&template, CKA_CLASS, CKO_PUBLIC_KEY);
    template_number(&template, CKA_KEY_TYPE, CKK_RSA);
    template_flag(&template, CKA_TOKEN, false);
    template_flag(&template, CKA_PRIVATE, false);
    template_flag(&template, CKA_ENCRYPT, false);
    template_flag(&template, CKA_VERIFY, false);
    template_flag(&template, CKA_WRAP, true);
    template_bytes(&template, CKA_MODULUS, modulus, sizeof modulus);
    template_bytes(&template, CKA_PUBLIC_EXPONENT, rsa_exponent, sizeof rsa_exponent);
    if (p11_create_object(probe->token->session, template.attributes, template.count, key, err) !=
        CKR_OK)
        return false;
    return probe_keep(probe, *key, err);
}
