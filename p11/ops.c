/* SPDX-License-Identifier: Apache-2.0 */
/* Each operation as one or two PKCS#11 calls. */
#include "p11/ops.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "p11/calls.h"

static const struct {
    const char *name, *mechanisms;
} operations[P11_OPERATIONS] = {
    [P11_DERIVE_AES] = {"derive by AES encryption", "CKM_AES_ECB_ENCRYPT_DATA"},
    [P11_DERIVE_TDES] = {"derive by TDES encryption", "CKM_DES3_ECB_ENCRYPT_DATA"},
    [P11_KDF_AES] = {"derive by SP 800-108 with AES-CMAC", "CKM_SP800_108_COUNTER_KDF"},
    [P11_KDF_TDES] = {"derive by SP 800-108 with TDES-CMAC", "CKM_SP800_108_COUNTER_KDF"},
    [P11_JOIN_PREFIX] = {"join data before a key", "CKM_CONCATENATE_DATA_AND_BASE"},
    [P11_JOIN_SUFFIX] = {"join data behind a key", "CKM_CONCATENATE_BASE_AND_DATA"},
    [P11_JOIN_KEYS] = {"join two keys", "CKM_CONCATENATE_BASE_AND_KEY"},
    [P11_XOR] = {"xor data into a key", "CKM_XOR_BASE_AND_DATA"},
    [P11_CUT] = {"cut a key out of a key", "CKM_EXTRACT_KEY_FROM_KEY"},
    [P11_IDENTITY] = {"give a key a new template",
                      "CKM_EXTRACT_KEY_FROM_KEY or CKM_XOR_BASE_AND_DATA"},
    [P11_IDENTITY_TDES] = {"give a TDES key a new template",
                           "CKM_EXTRACT_KEY_FROM_KEY or CKM_XOR_BASE_AND_DATA"},
    [P11_WRAP_AES] = {"AES-CBC wrap", "CKM_AES_CBC or CKM_AES_CBC_PAD"},
    [P11_WRAP_TDES] = {"TDES-CBC wrap", "CKM_DES3_CBC or CKM_DES3_CBC_PAD"},
    [P11_UNWRAP_AES] = {"AES-CBC unwrap", "CKM_AES_CBC"},
    [P11_UNWRAP_TDES] = {"TDES-CBC unwrap", "CKM_DES3_CBC"},
    [P11_ECB_AES] = {"AES encryption", "CKM_AES_ECB"},
    [P11_ECB_TDES] = {"TDES encryption", "CKM_DES3_ECB"},
    [P11_CBC_AES] = {"AES-CBC encryption", "CKM_AES_CBC"},
    [P11_CBC_TDES] = {"TDES-CBC encryption", "CKM_DES3_CBC"},
    [P11_CMAC_AES] = {"AES-CMAC", "CKM_AES_CMAC"},
    [P11_HMAC_SHA224] = {"HMAC with SHA-224", "CKM_SHA224_HMAC"},
    [P11_HMAC_SHA256] = {"HMAC with SHA-256", "CKM_SHA256_HMAC"},
    [P11_HMAC_SHA384] = {"HMAC with SHA-384", "CKM_SHA384_HMAC"},
    [P11_HMAC_SHA512] = {"HMAC with SHA-512", "CKM_SHA512_HMAC"},
    [P11_OAEP_SHA256] = {"OAEP wrap with SHA-256", "CKM_RSA_PKCS_OAEP"},
    [P11_OAEP_SHA512] = {"OAEP wrap with SHA-512", "CKM_RSA_PKCS_OAEP"},
    [P11_OAEP_TDES] = {"OAEP wrap of a TDES key", "CKM_RSA_PKCS_OAEP"},
    [P11_OAEP_UNWRAP_SHA256] = {"OAEP unwrap with SHA-256", "CKM_RSA_PKCS_OAEP"},
    [P11_OAEP_UNWRAP_SHA512] = {"OAEP unwrap with SHA-512", "CKM_RSA_PKCS_OAEP"},
    [P11_SIGN_SHA224] = {"RSA signature with SHA-224", "CKM_SHA224_RSA_PKCS or CKM_RSA_PKCS"},
    [P11_SIGN_SHA256] = {"RSA signature with SHA-256", "CKM_SHA256_RSA_PKCS or CKM_RSA_PKCS"},
    [P11_SIGN_SHA384] = {"RSA signature with SHA-384", "CKM_SHA384_RSA_PKCS or CKM_RSA_PKCS"},
    [P11_SIGN_SHA512] = {"RSA signature with SHA-512", "CKM_SHA512_RSA_PKCS or CKM_RSA_PKCS"},
    [P11_RSA_GENERATE] = {"generate an RSA key pair", "CKM_RSA_PKCS_KEY_PAIR_GEN"},
    [P11_GENERATE_AES] = {"generate an AES key", "CKM_AES_KEY_GEN"},
    [P11_GENERATE_TDES] = {"generate a TDES key", "CKM_DES2_KEY_GEN and CKM_DES3_KEY_GEN"},
    [P11_GENERATE_SECRET] = {"generate a secret", "CKM_GENERIC_SECRET_KEY_GEN"},
    [P11_SEAL] = {"seal what is derived from a key", "CKA_DERIVE_TEMPLATE"},
};

const char *op_name(enum p11_operation operation)
{
    return operations[operation].name;
}

const char *op_mechanisms(enum p11_operation operation)
{
    return operations[operation].mechanisms;
}

const struct p11_way *op_way(const struct p11_token *token, enum p11_operation operation,
                             struct kf_error *err)
{
    if (token->ways[operation].proven)
        return &token->ways[operation];
    kf_fail(err, KF_VALIDATION, "This token cannot do it: the operation \"%s\" (%s) is missing.",
            op_name(operation), op_mechanisms(operation));
    return NULL;
}

/* One operation, but a mechanism for each length of TDES key. */
static CK_MECHANISM_TYPE generation(const struct p11_way *way, enum key_algorithm algorithm)
{
    return algorithm == KEY_TDES_2KEY ? CKM_DES2_KEY_GEN : way->mechanism;
}

bool op_generate(const struct p11_token *token, enum key_algorithm algorithm,
                 struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    enum p11_operation operation = key_algorithm_is_hmac(algorithm)
                                       ? P11_GENERATE_SECRET
                                       : p11_for(P11_GENERATE_AES, op_cipher(algorithm));
    const struct p11_way *way = op_way(token, operation, err);

    *key = CK_INVALID_HANDLE;
    if (!way)
        return false;
    return p11_generate_key(token->session, &(CK_MECHANISM){generation(way, algorithm), NULL, 0},
                            result->attributes, result->count, key, err) == CKR_OK;
}

static size_t block_size(enum p11_cipher cipher)
{
    return cipher == P11_AES ? 16 : 8;
}

static bool derive(const struct p11_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                   struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    return p11_derive_key(token->session, mechanism, base, result->attributes, result->count, key,
                          err) == CKR_OK;
}

/* The mechanisms whose parameter is a CK_KEY_DERIVATION_STRING_DATA. */
static bool derive_with_data(const struct p11_token *token, enum p11_operation operation,
                             CK_OBJECT_HANDLE base, const uint8_t *data, size_t len,
                             struct p11_template *result, CK_OBJECT_HANDLE *key,
                             struct kf_error *err)
{
    const struct p11_way *way = op_way(token, operation, err);
    CK_KEY_DERIVATION_STRING_DATA string = {(CK_BYTE_PTR)data, (CK_ULONG)len};

    if (!way)
        return false;
    return derive(token, &(CK_MECHANISM){way->mechanism, &string, sizeof string}, base, result, key,
                  err);
}

bool op_derive(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE base,
               const uint8_t *data, size_t len, struct p11_template *result, CK_OBJECT_HANDLE *key,
               struct kf_error *err)
{
    return derive_with_data(token, p11_for(P11_DERIVE_AES, cipher), base, data, len, result, key,
                            err);
}

static bool kdf(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE base,
                const uint8_t *fixed, size_t len, kf_derived_key *second,
                struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    const struct p11_way *way = op_way(token, p11_for(P11_KDF_AES, cipher), err);
    kf_sp800_108_counter_format counter = {CK_FALSE, 8};
    kf_prf_data_param input[] = {
        {KF_CK_SP800_108_ITERATION_VARIABLE, &counter, sizeof counter},
        {KF_CK_SP800_108_BYTE_ARRAY, (void *)fixed, (CK_ULONG)len},
    };
    kf_sp800_108_kdf_params params = {
        .prfType = cipher == P11_AES ? CKM_AES_CMAC : KF_CKM_DES3_CMAC,
        .ulNumberOfDataParams = 2,
        .pDataParams = input,
        .ulAdditionalDerivedKeys = second ? 1 : 0,
        .pAdditionalDerivedKeys = second,
    };

    if (!way)
        return false;
    return derive(token, &(CK_MECHANISM){way->mechanism, &params, sizeof params}, base, result, key,
                  err);
}

bool op_kdf(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE base,
            const uint8_t *fixed, size_t len, struct p11_template *result, CK_OBJECT_HANDLE *key,
            struct kf_error *err)
{
    return kdf(token, cipher, base, fixed, len, NULL, result, key, err);
}

bool op_kdf_two(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE base,
                const uint8_t *fixed, size_t len, struct p11_template *first,
                struct p11_template *second, CK_OBJECT_HANDLE keys[2], struct kf_error *err)
{
    kf_derived_key derived = {second->attributes, second->count, &keys[1]};

    return kdf(token, cipher, base, fixed, len, &derived, first, &keys[0], err);
}

bool op_join_prefix(const struct p11_token *token, const uint8_t *data, size_t len,
                    CK_OBJECT_HANDLE base, struct p11_template *result, CK_OBJECT_HANDLE *key,
                    struct kf_error *err)
{
    return derive_with_data(token, P11_JOIN_PREFIX, base, data, len, result, key, err);
}

bool op_join_suffix(const struct p11_token *token, CK_OBJECT_HANDLE base, const uint8_t *data,
                    size_t len, struct p11_template *result, CK_OBJECT_HANDLE *key,
                    struct kf_error *err)
{
    return derive_with_data(token, P11_JOIN_SUFFIX, base, data, len, result, key, err);
}

bool op_join_keys(const struct p11_token *token, CK_OBJECT_HANDLE first, CK_OBJECT_HANDLE second,
                  struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    const struct p11_way *way = op_way(token, P11_JOIN_KEYS, err);

    if (!way)
        return false;
    return derive(token, &(CK_MECHANISM){way->mechanism, &second, sizeof second}, first, result,
                  key, err);
}

bool op_xor(const struct p11_token *token, CK_OBJECT_HANDLE base, const uint8_t *data, size_t len,
            struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    return derive_with_data(token, P11_XOR, base, data, len, result, key, err);
}

bool op_cut(const struct p11_token *token, CK_OBJECT_HANDLE base, CK_ULONG first_bit,
            struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    const struct p11_way *way = op_way(token, P11_CUT, err);
    kf_extract_params first = first_bit;

    if (!way)
        return false;
    return derive(token, &(CK_MECHANISM){way->mechanism, &first, sizeof first}, base, result, key,
                  err);
}

static bool makes_tdes(const struct p11_template *result)
{
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;

    for (CK_ULONG i = 0; i < result->count; i++)
        if (result->attributes[i].type == CKA_KEY_TYPE)
            memcpy(&type, result->attributes[i].pValue, sizeof type);
    return type == CKK_DES2 || type == CKK_DES3;
}

bool op_identity(const struct p11_token *token, CK_OBJECT_HANDLE base, size_t len,
                 struct p11_template *result, CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    static const uint8_t zeros[64];
    const struct p11_way *way =
        op_way(token, makes_tdes(result) ? P11_IDENTITY_TDES : P11_IDENTITY, err);
    CK_KEY_DERIVATION_STRING_DATA string = {(CK_BYTE_PTR)zeros, (CK_ULONG)len};
    kf_extract_params first = 0;

    if (!way)
        return false;
    assert(len <= sizeof zeros);
    if (way->mechanism == CKM_XOR_BASE_AND_DATA)
        return derive(token, &(CK_MECHANISM){way->mechanism, &string, sizeof string}, base, result,
                      key, err);
    return derive(token, &(CK_MECHANISM){way->mechanism, &first, sizeof first}, base, result, key,
                  err);
}

bool op_wrap_cbc(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE wrapping,
                 CK_OBJECT_HANDLE key, const uint8_t *iv, uint8_t *out, size_t len,
                 struct kf_error *err)
{
    const struct p11_way *way = op_way(token, p11_for(P11_WRAP_AES, cipher), err);
    size_t block = block_size(cipher);
    uint8_t wrapped[P11_WRAP_MAX + P11_BLOCK_MAX];
    CK_ULONG got = sizeof wrapped;
    size_t expected;
    bool good = false;

    if (!way)
        return false;
    assert(len <= P11_WRAP_MAX);
    expected = len + (way->drop_last_block ? block : 0);
    if (p11_wrap_key(token->session, &(CK_MECHANISM){way->mechanism, (void *)iv, (CK_ULONG)block},
                     wrapping, key, wrapped, &got, err) != CKR_OK)
        goto out;
    /* A token that padded, cut or prefixed something is not doing what was proven. */
    if (got != expected) {
        kf_fail_fault(
            err, KF_INTERNAL, KF_FAULT_NONE, "C_WrapKey: unexpected length",
            "The token wrapped a key to %lu bytes where %zu are right; nothing was released.", got,
            expected);
        goto out;
    }
    memcpy(out, wrapped, len);
    good = true;

out:
    explicit_bzero(wrapped, sizeof wrapped); /* under a KBMK these are the states of a CMAC */
    return good;
}

bool op_unwrap_cbc(const struct p11_token *token, enum p11_cipher cipher,
                   CK_OBJECT_HANDLE unwrapping, const uint8_t *iv, const uint8_t *wrapped,
                   size_t len, struct p11_template *result, CK_OBJECT_HANDLE *key,
                   struct kf_error *err)
{
    const struct p11_way *way = op_way(token, p11_for(P11_UNWRAP_AES, cipher), err);

    if (!way)
        return false;
    return p11_unwrap_key(token->session,
                          &(CK_MECHANISM){way->mechanism, (void *)iv, (CK_ULONG)block_size(cipher)},
                          unwrapping, wrapped, (CK_ULONG)len, result->attributes, result->count,
                          key, err) == CKR_OK;
}

static bool encrypt(const struct p11_token *token, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
                    const uint8_t *data, size_t len, uint8_t *out, struct kf_error *err)
{
    CK_ULONG got = (CK_ULONG)len;

    if (p11_encrypt(token->session, mechanism, key, data, (CK_ULONG)len, out, &got, err) != CKR_OK)
        return false;
    if (got != len)
        return kf_fail_fault(err, KF_INTERNAL, KF_FAULT_NONE, "C_Encrypt: unexpected length",
                             "The token encrypted %zu bytes to %lu.", len, got);
    return true;
}

bool op_encrypt_ecb(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE key,
                    const uint8_t *data, size_t len, uint8_t *out, struct kf_error *err)
{
    const struct p11_way *way = op_way(token, p11_for(P11_ECB_AES, cipher), err);

    if (!way)
        return false;
    return encrypt(token, &(CK_MECHANISM){way->mechanism, NULL, 0}, key, data, len, out, err);
}

bool op_encrypt_cbc(const struct p11_token *token, enum p11_cipher cipher, CK_OBJECT_HANDLE key,
                    const uint8_t *iv, const uint8_t *data, size_t len, uint8_t *out,
                    struct kf_error *err)
{
    const struct p11_way *way = op_way(token, p11_for(P11_CBC_AES, cipher), err);

    if (!way)
        return false;
    return encrypt(token, &(CK_MECHANISM){way->mechanism, (void *)iv, (CK_ULONG)block_size(cipher)},
                   key, data, len, out, err);
}

static bool sign(const struct p11_token *token, enum p11_operation operation, CK_OBJECT_HANDLE key,
                 const uint8_t *data, size_t len, uint8_t *out, size_t out_len,
                 struct kf_error *err)
{
    const struct p11_way *way = op_way(token, operation, err);
    CK_ULONG got = (CK_ULONG)out_len;

    if (!way)
        return false;
    if (p11_sign(token->session, &(CK_MECHANISM){way->mechanism, NULL, 0}, key, data, (CK_ULONG)len,
                 out, &got, err) != CKR_OK)
        return false;
    if (got != out_len)
        return kf_fail_fault(err, KF_INTERNAL, KF_FAULT_NONE, "C_Sign: unexpected length",
                             "The token's %s is %lu bytes long.", op_name(operation), got);
    return true;
}

bool op_cmac(const struct p11_token *token, CK_OBJECT_HANDLE key, const uint8_t *data, size_t len,
             uint8_t *out, struct kf_error *err)
{
    return sign(token, P11_CMAC_AES, key, data, len, out, P11_BLOCK_MAX, err);
}

bool op_hmac(const struct p11_token *token, enum key_algorithm algorithm, CK_OBJECT_HANDLE key,
             const uint8_t *data, size_t len, uint8_t *out, struct kf_error *err)
{
    enum p11_operation operation = P11_HMAC_SHA224 + (algorithm - KEY_HMAC_SHA224);

    return sign(token, operation, key, data, len, out, key_algorithm_bytes(algorithm), err);
}

bool op_check_sensitive(const struct p11_token *token, CK_OBJECT_HANDLE key, struct kf_error *err)
{
    CK_BBOOL sensitive = CK_FALSE;
    CK_ATTRIBUTE attribute = {CKA_SENSITIVE, &sensitive, sizeof sensitive};

    return p11_get_attributes(token->session, key, &attribute, 1, err) == CKR_OK &&
           (sensitive || kf_fail(err, KF_INTERNAL,
                                 "The token unwrapped a key to one that is readable; it was "
                                 "destroyed."));
}

bool op_destroy(const struct p11_token *token, CK_OBJECT_HANDLE *object)
{
    struct kf_error err = {0}, again = {0};
    bool gone;

    if (*object == CK_INVALID_HANDLE)
        return true;
    gone = p11_destroy_object(token->session, *object, &err) == CKR_OK ||
           p11_destroy_object(token->session, *object, &again) == CKR_OK;
    if (!gone)
        log_warning("an object could not be destroyed: %s; then: %s", err.detail, again.detail);
    *object = CK_INVALID_HANDLE;
    return gone;
}
