/* SPDX-License-Identifier: Apache-2.0 */
#include "p11/rsa.h"

#include <string.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/rsa_openssl.h"

const uint8_t rsa_exponent[RSA_EXPONENT_BYTES] = {0x01, 0x00, 0x01};

size_t rsa_strip(uint8_t *number, size_t len)
{
    size_t zeros = 0;

    while (zeros < len && number[zeros] == 0)
        zeros++;
    memmove(number, number + zeros, len - zeros);
    return len - zeros;
}

bool rsa_modulus(const struct p11_token *token, CK_OBJECT_HANDLE private_key,
                 uint8_t modulus[RSA_BYTES_MAX], size_t *modulus_len, struct kf_error *err)
{
    uint8_t value[RSA_BYTES_MAX + 1]; /* and a sign byte, which some tokens keep */
    CK_ATTRIBUTE attribute = {CKA_MODULUS, value, sizeof value};
    size_t len = 0;

    if (p11_get_attributes(token->session, private_key, &attribute, 1, err) != CKR_OK)
        return false;
    if (attribute.ulValueLen <= sizeof value)
        len = rsa_strip(value, attribute.ulValueLen);
    if (len == 0 || len > RSA_BYTES_MAX)
        return kf_fail_fault(err, KF_INTERNAL, KF_FAULT_NONE, "CKA_MODULUS: unexpected length",
                             "The token has an RSA key with a modulus of %zu bytes.", len);
    memcpy(modulus, value, len);
    *modulus_len = len;
    return true;
}

void rsa_public_template(bool unwraps, unsigned bits, struct p11_template *out)
{
    template_number(out, CKA_CLASS, CKO_PUBLIC_KEY);
    template_number(out, CKA_KEY_TYPE, CKK_RSA);
    template_flag(out, CKA_TOKEN, false);
    template_flag(out, CKA_PRIVATE, false);
    template_flag(out, CKA_ENCRYPT, false);
    template_flag(out, CKA_VERIFY, !unwraps);
    template_flag(out, CKA_VERIFY_RECOVER, false);
    template_flag(out, CKA_WRAP, unwraps);
    template_flag(out, CKA_DERIVE, false);
    template_number(out, CKA_MODULUS_BITS, bits);
    template_bytes(out, CKA_PUBLIC_EXPONENT, rsa_exponent, sizeof rsa_exponent);
}

/* Both halves say the same, and what was asked for. */
static bool read_pair(const struct p11_token *token, enum key_algorithm algorithm,
                      CK_OBJECT_HANDLE public_key, CK_OBJECT_HANDLE private_key,
                      uint8_t modulus[RSA_BYTES_MAX], size_t *modulus_len, struct kf_error *err)
{
    uint8_t other[RSA_BYTES_MAX];
    size_t other_len;

    if (!rsa_modulus(token, private_key, modulus, modulus_len, err) ||
        !rsa_modulus(token, public_key, other, &other_len, err))
        return false;
    if (*modulus_len * 8 != key_algorithm_rsa_bits(algorithm) || !(modulus[0] & 0x80))
        return kf_fail(err, KF_INTERNAL,
                       "The token made an RSA key of another length than %u bits.",
                       key_algorithm_rsa_bits(algorithm));
    if (other_len != *modulus_len || memcmp(other, modulus, other_len) != 0)
        return kf_fail(err, KF_INTERNAL,
                       "The token made two halves of an RSA key that do not fit.");
    return true;
}

bool rsa_generate(const struct p11_token *token, const struct role_object *object,
                  CK_OBJECT_HANDLE *private_key, uint8_t modulus[RSA_BYTES_MAX],
                  size_t *modulus_len, struct kf_error *err)
{
    const struct p11_way *way = op_way(token, P11_RSA_GENERATE, err);
    struct p11_template private = {0}, public = {0};
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    bool good;

    *private_key = CK_INVALID_HANDLE;
    if (!way)
        return false;
    rsa_public_template(object->role == ROLE_UNWRAPPING, key_algorithm_rsa_bits(object->algorithm),
                        &public);
    role_token_template(token, object, &private);
    good = p11_generate_pair(token->session, &(CK_MECHANISM){way->mechanism, NULL, 0}, &public,
                             &private, &public_key, private_key, err) == CKR_OK &&
           read_pair(token, object->algorithm, public_key, *private_key, modulus, modulus_len, err);
    op_destroy(token, &public_key);
    if (!good)
        op_destroy(token, private_key);
    return good;
}

bool rsa_public(const struct p11_token *token, const uint8_t *modulus, size_t modulus_len,
                const uint8_t *public_exponent, size_t exponent_len, CK_OBJECT_HANDLE *key,
                struct kf_error *err)
{
    struct p11_template template = {0};

    role_session_template(token, ROLE_RECIPIENT, KEY_ALGORITHM_NONE, 0, &template);
    template_bytes(&template, CKA_MODULUS, modulus, modulus_len);
    template_bytes(&template, CKA_PUBLIC_EXPONENT, public_exponent, exponent_len);
    return p11_create_object(token->session, template.attributes, template.count, key, err) ==
           CKR_OK;
}

static const CK_RSA_PKCS_OAEP_PARAMS *oaep(enum p11_hash hash)
{
    static const CK_RSA_PKCS_OAEP_PARAMS sha256 = {.hashAlg = CKM_SHA256,
                                                   .mgf = CKG_MGF1_SHA256,
                                                   .source = CKZ_DATA_SPECIFIED},
                                         sha512 = {.hashAlg = CKM_SHA512,
                                                   .mgf = CKG_MGF1_SHA512,
                                                   .source = CKZ_DATA_SPECIFIED};

    return hash == P11_SHA512 ? &sha512 : &sha256;
}

static bool wrap_oaep(const struct p11_token *token, const struct p11_way *way, enum p11_hash hash,
                      CK_OBJECT_HANDLE public_key, CK_OBJECT_HANDLE key, uint8_t *out, size_t len,
                      struct kf_error *err)
{
    CK_RSA_PKCS_OAEP_PARAMS params = *oaep(hash);
    uint8_t wrapped[RSA_BYTES_MAX];
    CK_ULONG got = sizeof wrapped;

    if (!way ||
        p11_wrap_key(token->session, &(CK_MECHANISM){way->mechanism, &params, sizeof params},
                     public_key, key, wrapped, &got, err) != CKR_OK)
        return false;
    if (got != len)
        return kf_fail_fault(
            err, KF_INTERNAL, KF_FAULT_NONE, "C_WrapKey: unexpected length",
            "The token wrapped a key to %lu bytes where the RSA key has %zu; nothing was released.",
            got, len);
    memcpy(out, wrapped, len);
    return true;
}

bool op_wrap_oaep(const struct p11_token *token, enum p11_hash hash, CK_OBJECT_HANDLE public_key,
                  CK_OBJECT_HANDLE key, uint8_t *out, size_t len, struct kf_error *err)
{
    const struct p11_way *way =
        op_way(token, hash == P11_SHA512 ? P11_OAEP_SHA512 : P11_OAEP_SHA256, err);

    return wrap_oaep(token, way, hash, public_key, key, out, len, err);
}

bool op_wrap_content(const struct p11_token *token, enum p11_cipher cipher,
                     CK_OBJECT_HANDLE public_key, CK_OBJECT_HANDLE key, uint8_t *out, size_t len,
                     struct kf_error *err)
{
    const struct p11_way *way =
        op_way(token, cipher == P11_TDES ? P11_OAEP_TDES : P11_OAEP_SHA256, err);

    return wrap_oaep(token, way, P11_SHA256, public_key, key, out, len, err);
}

/* What tokens say of a cryptogram that does not open, or opens to what the template cannot be. */
static bool blames_cryptogram(CK_RV rv)
{
    static const CK_RV answers[] = {
        CKR_WRAPPED_KEY_INVALID,
        CKR_WRAPPED_KEY_LEN_RANGE,
        CKR_ENCRYPTED_DATA_INVALID,
        CKR_ENCRYPTED_DATA_LEN_RANGE,
        CKR_DATA_INVALID,
        CKR_DATA_LEN_RANGE,
        CKR_ARGUMENTS_BAD,
        CKR_KEY_SIZE_RANGE,
        CKR_ATTRIBUTE_VALUE_INVALID,
        CKR_TEMPLATE_INCONSISTENT,
        CKR_UNWRAPPING_KEY_SIZE_RANGE,
    };

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i] == rv)
            return true;
    return false;
}

/* And what some say of it and of their own troubles alike. */
static bool may_blame_cryptogram(CK_RV rv)
{
    return rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED || rv == CKR_DEVICE_ERROR;
}

static bool refuse_cryptogram(const char *detail, struct kf_error *err)
{
    return kf_fail_fault(err, KF_VALIDATION, KF_FAULT_NONE, detail,
                         "The wrapped key does not open with this private key: wrap the key again "
                         "to its certificate, by RSA-OAEP with the hash that is named, for MGF1 "
                         "too, and an empty label.");
}

static bool unwrap_failed(const struct p11_token *token, CK_RV rv, const struct kf_error *failed,
                          struct kf_error *err)
{
    if (blames_cryptogram(rv))
        return refuse_cryptogram(failed->detail, err);
    if (may_blame_cryptogram(rv))
        return p11_session_alive(token->session, err) && refuse_cryptogram(failed->detail, err);
    return kf_fail_fault(err, failed->status, failed->fault, failed->detail, "%s", failed->message);
}

static bool check_length(const struct p11_token *token, CK_OBJECT_HANDLE key, CK_ULONG expected,
                         struct kf_error *err)
{
    CK_ULONG len = 0;
    CK_ATTRIBUTE attribute = {CKA_VALUE_LEN, &len, sizeof len};

    if (expected == 0)
        return true;
    if (p11_get_attributes(token->session, key, &attribute, 1, err) != CKR_OK)
        return false;
    return len == expected || refuse_cryptogram("CKA_VALUE_LEN: another length", err);
}

bool op_unwrap_oaep(const struct p11_token *token, enum p11_hash hash, CK_OBJECT_HANDLE private_key,
                    const uint8_t *wrapped, size_t len, struct p11_template *result,
                    CK_OBJECT_HANDLE *key, struct kf_error *err)
{
    const struct p11_way *way =
        op_way(token, hash == P11_SHA512 ? P11_OAEP_UNWRAP_SHA512 : P11_OAEP_UNWRAP_SHA256, err);
    CK_RSA_PKCS_OAEP_PARAMS params = *oaep(hash);
    CK_ATTRIBUTE template[TEMPLATE_MAX];
    CK_ULONG count = 0, expected = 0;
    CK_BBOOL sensitive = CK_FALSE;
    struct kf_error failed = {0};
    CK_RV rv;

    *key = CK_INVALID_HANDLE;
    if (!way)
        return false;
    for (CK_ULONG i = 0; i < result->count; i++) {
        if (result->attributes[i].type == CKA_VALUE_LEN)
            memcpy(&expected, result->attributes[i].pValue, sizeof expected);
        else
            template[count++] = result->attributes[i];
        if (result->attributes[i].type == CKA_SENSITIVE)
            memcpy(&sensitive, result->attributes[i].pValue, sizeof sensitive);
    }
    rv = p11_unwrap_key(token->session, &(CK_MECHANISM){way->mechanism, &params, sizeof params},
                        private_key, wrapped, (CK_ULONG)len, template, count, key, &failed);
    if (rv != CKR_OK)
        return unwrap_failed(token, rv, &failed, err);
    if ((!sensitive || op_check_sensitive(token, *key, err)) &&
        check_length(token, *key, expected, err))
        return true;
    op_destroy(token, key);
    return false;
}

static bool make_signature(const struct p11_token *token, enum p11_hash hash,
                           CK_OBJECT_HANDLE private_key, const uint8_t *data, size_t len,
                           uint8_t out[RSA_BYTES_MAX], CK_ULONG *out_len, struct kf_error *err)
{
    const struct p11_way *way = op_way(token, P11_SIGN_SHA224 + (hash - P11_SHA224), err);
    uint8_t info[DIGEST_INFO_MAX];

    if (!way)
        return false;
    if (way->mechanism == CKM_RSA_PKCS) {
        if (!rsa_openssl_digest_info(hash, data, len, info, &len))
            return kf_fail(err, KF_INTERNAL, "OpenSSL cannot hash what is to be signed.");
        data = info;
    }
    /* Room for any: a token that is short of it keeps the operation open. */
    *out_len = RSA_BYTES_MAX;
    return p11_sign(token->session, &(CK_MECHANISM){way->mechanism, NULL, 0}, private_key, data,
                    (CK_ULONG)len, out, out_len, err) == CKR_OK;
}

/* A faulty signature by the Chinese remainder theorem gives the private key away. */
bool op_sign(const struct p11_token *token, enum p11_hash hash, CK_OBJECT_HANDLE private_key,
             const uint8_t *data, size_t len, uint8_t *signature, size_t *signature_len,
             struct kf_error *err)
{
    uint8_t made[RSA_BYTES_MAX], modulus[RSA_BYTES_MAX];
    size_t modulus_len;
    CK_ULONG got;

    if (!make_signature(token, hash, private_key, data, len, made, &got, err) ||
        !rsa_modulus(token, private_key, modulus, &modulus_len, err))
        return false;
    if (got != modulus_len || got > *signature_len ||
        !rsa_openssl_verify(modulus, modulus_len, hash, data, len, made, got))
        return kf_fail_fault(err, KF_INTERNAL, KF_FAULT_NONE, "C_Sign: wrong signature",
                             "The token's signature is not one of its key; nothing was released.");
    memcpy(signature, made, got);
    *signature_len = got;
    return true;
}
